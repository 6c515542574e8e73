// SPDX-License-Identifier: Apache-2.0
#include "sim/schedules/schedules.hpp"

#include <algorithm>

namespace mfusim {
namespace {

std::vector<Slot> order(const PipelineShape& shape, std::uint32_t stage) {
  const std::uint32_t warmup = std::min(shape.micro_batches, shape.stages - stage - 1);
  std::vector<Slot> slots;
  slots.reserve(2 * std::size_t{shape.micro_batches});
  for (std::uint32_t m = 0; m < warmup; ++m) slots.push_back({Slot::Kind::Forward, m, 0});
  for (std::uint32_t m = 0; m < shape.micro_batches; ++m) {
    if (warmup + m < shape.micro_batches) slots.push_back({Slot::Kind::Forward, warmup + m, 0});
    slots.push_back({Slot::Kind::Backward, m, 0});
  }
  return slots;
}

}  // namespace

ScheduleKind one_forward_one_backward() {
  return {.schedule = PipelineSchedule::OneForwardOneBackward,
          .name = "1f1b",
          .fault = [](const PipelineShape& shape) { return one_chunk_a_stage("1f1b", shape); },
          .order = order};
}

}  // namespace mfusim
