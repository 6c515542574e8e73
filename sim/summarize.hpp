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

}  // namespace mfusim
