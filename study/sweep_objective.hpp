// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/sweep_row.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// What a sweep looks for.
enum class Objective {
  StepTime,          ///< Shortest.
  Mfu,               ///< Largest.
  Throughput,        ///< Samples a second: Most.
  ThroughputPerGpu,  ///< Most.
  Cost,              ///< Least for a million samples, by the prices of a GPU-hour.
  Gpus,              ///< Fewest.
  MemoryHeadroom,    ///< Most memory left on the fullest GPU.
};

/// Price of one GPU-hour by catalog name, in whatever currency.
using Prices = std::map<std::string, double>;

/// Words of the objectives in a scenario.
[[nodiscard]] const std::vector<std::pair<std::string, Objective>>& objective_names();
[[nodiscard]] std::string to_string(Objective objective);

/// Cost of a million samples: price of a GPU-hour x GPUs x hours of a step x 10^6 / samples of a step.
/// Throws std::logic_error where the GPU has no price (spaces are checked).
[[nodiscard]] double cost_per_million_samples(const SweepRow& row, const Prices& prices);

/// The row's score, the smaller the better; where more is better it is negative.
[[nodiscard]] double score_of(Objective objective, const SweepRow& row, const Prices& prices);

}  // namespace mfusim
