// SPDX-License-Identifier: Apache-2.0
#include "sim/schedules/schedules.hpp"

namespace mfusim {
namespace {

constexpr const char* name = "zb-h1";

PlanFault fault(const PipelineShape& shape) {
  const PlanFault single = several_stages(name, shape);
  return single.key.empty() ? one_chunk_a_stage(name, shape) : single;
}

/// Stage s of p warms up as 1F1B does, with p - s - 1 forward passes; its weight gradients follow s micro-batches behind, so
/// that every stage holds p passes. Bubble (p - 1)(F + B - W).
std::vector<Slot> order(const PipelineShape& shape, std::uint32_t stage) {
  return delayed_weight_gradients(shape, shape.stages - stage - 1, stage);
}

}  // namespace

ScheduleKind zb_h1() {
  return {.schedule = PipelineSchedule::ZbH1, .name = name, .splits_backward = true, .fault = fault, .order = order};
}

}  // namespace mfusim
