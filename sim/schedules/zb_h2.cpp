// SPDX-License-Identifier: Apache-2.0
#include "sim/schedules/schedules.hpp"

namespace mfusim {
namespace {

constexpr const char* name = "zb-h2";

PlanFault fault(const PipelineShape& shape) {
  const PlanFault single = several_stages(name, shape);
  return single.key.empty() ? one_chunk_a_stage(name, shape) : single;
}

/// Stage s of p warms up with 2 (p - s - 1) forward passes, which fill the wait for the first gradient; its weight gradients
/// follow 2 s micro-batches behind, so that every stage holds 2 p - 1 passes. Bubble (p - 1)(F + B - 2 W), where steps follow
/// each other without a barrier and there are at least 2 p - 1 micro-batches.
std::vector<Slot> order(const PipelineShape& shape, std::uint32_t stage) {
  return delayed_weight_gradients(shape, 2 * (shape.stages - stage - 1), 2 * stage);
}

}  // namespace

ScheduleKind zb_h2() {
  return {.schedule = PipelineSchedule::ZbH2, .name = name, .splits_backward = true, .fault = fault, .order = order};
}

}  // namespace mfusim
