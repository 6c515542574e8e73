// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"

namespace mfusim {

/// A step of two towers whose GPUs stay where they are and whose micro-batches adapt to the inputs: each tower takes its rank's
/// share in one pass with the plan that with_split chooses, or in 2, 4 or 8 with the scenario's own plan, where that fits.
/// More than one caches the features and runs forward a second time, so it can only win where one pass would have to recompute
/// or to cut tensors; what a tower waits for the other it cannot win back, because no sample changes its tower. Never longer than
/// with_split's own step. No state moves.
[[nodiscard]] Seconds rebalanced_step(const Scenario& scenario, int vision_gpus, int text_gpus);

}  // namespace mfusim
