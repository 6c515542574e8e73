// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// Model FLOPs of one step of the whole job: three times the forward matmul FLOPs (2 a multiply-add; attention full, not
/// causally halved, a window counted as such); once for a frozen tower, which has no backward pass.
[[nodiscard]] Flops model_flops(const Scenario& scenario, const Work<Count>& work);
/// The same by tower, without the loss.
[[nodiscard]] std::vector<Flops> tower_flops(const Scenario& scenario, const Work<Count>& work);

/// What is computed a second time: by the plan's recomputation, and all of a tower's forward where gradients are accumulated.
[[nodiscard]] Flops repeated_flops(const Scenario& scenario, const Work<Count>& work);

/// The share of the job's peak in the precision of its multiplies that `flops` in `time` make up.
[[nodiscard]] double utilisation(const Scenario& scenario, Flops flops, Seconds time);

}  // namespace mfusim
