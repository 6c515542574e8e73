// SPDX-License-Identifier: Apache-2.0
#include "sim/schedules/schedules.hpp"

namespace mfusim {
namespace {

std::vector<Slot> order(const PipelineShape& shape, std::uint32_t /*stage*/) {
  std::vector<Slot> slots;
  for (std::uint32_t m = 0; m < shape.micro_batches; ++m) slots.push_back({Slot::Kind::Forward, m, 0});
  for (std::uint32_t m = shape.micro_batches; m-- > 0;) slots.push_back({Slot::Kind::Backward, m, 0});
  return slots;
}

}  // namespace

ScheduleKind gpipe() {
  return {.schedule = PipelineSchedule::GPipe,
          .name = "gpipe",
          .fault = [](const PipelineShape& shape) { return one_chunk_a_stage("gpipe", shape); },
          .order = order};
}

}  // namespace mfusim
