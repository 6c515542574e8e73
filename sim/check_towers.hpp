// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_schedule.hpp"
#include "sim/scenario.hpp"

#include <cstddef>
#include <optional>

namespace mfusim {

/// Why a tower cannot run the pipeline of a plan that is otherwise whole. The loss stands between all forward and all backward
/// passes, so schedules that move weight gradients behind it are left out.
[[nodiscard]] std::optional<PlanFault> tower_pipeline_fault(const ModelSpec& model, std::size_t tower, const ParallelPlan& plan);

/// The same for the plan that both towers share on every GPU.
[[nodiscard]] std::optional<PlanFault> shared_pipeline_fault(const Scenario& scenario);

}  // namespace mfusim
