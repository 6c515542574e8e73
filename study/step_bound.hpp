// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/scenario.hpp"
#include "study/pass_time.hpp"

#include <map>
#include <vector>

namespace mfusim {

/// Whether least_step_time() knows a bound above zero for scenarios like this one.
[[nodiscard]] bool has_step_bound(const Scenario& scenario);

/// The work of a micro-batch, and how long one rank takes at least for each of its layers: what a lower bound of the step needs.
/// Neither depends on how the layers are dealt out to stages.
struct PricedWork {
  struct Passes {
    PassTime forward;
    PassTime backward;  ///< With recomputation.
  };
  Work<Count> work;
  std::vector<Passes> layers;  ///< Of the first tower's groups; none where there is no bound.
};
[[nodiscard]] PricedWork price_work(const Scenario& scenario);

/// A time that the step cannot go below. In a pipeline each stage runs its kernels one after another; before its first pass the
/// stages before it run one forward pass each, after its last one backward pass each:
/// max over stages s of sum_(i<s) (f_i + b_i) + m (F_s + B_s), with f, b one pass of a stage's first chunk, F, B one pass of all
/// its chunks, m micro-batches; each from its first kernel to its last, with the exchanges of tensor and context ranks that its
/// kernels wait for (study/pass_time.hpp). Other communication, contention and the optimizer only add to it. Zero where this is
/// not so: other schedules than GPipe, 1F1B and interleaved 1F1B, recomputation of some layers of a chunk, and models with two
/// towers.
[[nodiscard]] Picoseconds least_step_time(const Scenario& scenario, const PricedWork& priced);

}  // namespace mfusim
