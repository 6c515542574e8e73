// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/step_graph.hpp"
#include "sim/timeline.hpp"

#include <optional>
#include <vector>

namespace mfusim {

/// The pass that a kernel belongs to; nothing for the update. A whole backward pass holds its weight gradients and recomputation.
[[nodiscard]] std::optional<Slot::Kind> kind_of_pass(const Step& step, const ScheduleKind& schedule);

/// The activations of a simulated rank from a moment on.
struct MemoryPoint {
  int rank = 0;
  Picoseconds at{};
  Bytes activations;
};

/// The activations of each pipeline stage over a step, rank by rank in the order of time: a point where a pass starts, at its
/// fullest, and one where it ends. Where several ranks stand for a stage, those of the first. Empty for models of several towers,
/// whose step is a single pass.
[[nodiscard]] std::vector<MemoryPoint> memory_timeline(const Scenario& scenario, const Work<Count>& work, const BuiltStep& step,
                                                       const Timeline& timeline);

/// When the pass `wanted[stage]` of each stage starts; nothing where it has no kernels.
[[nodiscard]] std::vector<std::optional<Picoseconds>> pass_starts(const ParallelPlan& plan, const BuiltStep& step,
                                                                  const Timeline& timeline, const std::vector<Slot>& wanted);

}  // namespace mfusim
