// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "sim/scenario.hpp"

#include <cstdint>
#include <random>
#include <vector>

namespace mfusim {

/// A size of an image or a text, and the share of the samples that have it.
struct SizeShare {
  std::int64_t size = 0;  ///< Pixels of a side, or tokens.
  double share = 0;
};

/// Samples that differ: each draws its image's size and, apart from it, its text's length.
struct InputDistribution {
  std::int64_t iterations = 1;
  std::vector<SizeShare> images;  ///< By size; the shares sum to 1. So do those of the texts.
  std::vector<SizeShare> texts;
  std::int64_t seed = 1;
};

/// Reads `workload.distribution`. Throws InputError where it has no iterations, a size is not positive or not one that the model
/// takes, a share is not above 0, or the shares of one kind do not sum to 1 (to 1e-6).
[[nodiscard]] InputDistribution read_distribution(Reader reader, const Scenario& scenario);

/// The shares of one batch's samples, in the order of the distribution's sizes.
struct BatchShares {
  std::vector<double> images;
  std::vector<double> texts;
};

/// The shares of a batch that is like the distribution itself.
[[nodiscard]] BatchShares expected_shares(const InputDistribution& distribution);

/// Draws batch after batch; the seed alone decides which.
class BatchDraws {
 public:
  BatchDraws(const InputDistribution& distribution, std::int64_t global_batch);
  [[nodiscard]] BatchShares next();

 private:
  [[nodiscard]] std::vector<double> draw(const std::vector<SizeShare>& sizes);
  [[nodiscard]] double uniform();  ///< In [0, 1).

  InputDistribution distribution_;
  std::int64_t batch_;
  std::mt19937_64 random_;
};

/// Successes among `trials` of chance `p`, by inversion: the mode's probability first, then its neighbours', outwards, until they
/// sum to more than `uniform`. Exact to the rounding of double; about sqrt(trials p (1 - p)) steps.
/// Source: Devroye, Non-Uniform Random Variate Generation, 1986, chapter X.4.
[[nodiscard]] std::int64_t binomial(std::int64_t trials, double p, double uniform);

}  // namespace mfusim
