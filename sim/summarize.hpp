// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/build_step.hpp"
#include "sim/result.hpp"
#include "sim/timeline.hpp"

namespace mfusim {

/// What the timeline of a step says about the scenario.
[[nodiscard]] Result summarize(const Scenario& scenario, const Work<Count>& work, const BuiltStep& step,
                               const Timeline& timeline);

/// The plan with every number that the reader resolved.
[[nodiscard]] Result::Plan resolved_plan(const Scenario& scenario);

/// Model FLOPs of one step of the whole job: three times the forward matmul FLOPs (2 a multiply-add; attention full, not
/// causally halved, a window counted as such); once for a frozen tower, which has no backward pass.
[[nodiscard]] Flops model_flops(const Scenario& scenario, const Work<Count>& work);
/// The same by tower, without the loss.
[[nodiscard]] std::vector<Flops> tower_flops(const Scenario& scenario, const Work<Count>& work);

/// The share of the job's peak in the precision of its multiplies that `flops` in `time` make up.
[[nodiscard]] double utilisation(const Scenario& scenario, Flops flops, Seconds time);

}  // namespace mfusim
