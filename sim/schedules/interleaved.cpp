// SPDX-License-Identifier: Apache-2.0
#include "sim/schedules/schedules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {
namespace {

PlanFault fault(const PipelineShape& shape) {
  if (shape.chunks == 1) return {"virtual_stages", "interleaved-1f1b needs at least 2 virtual stages, got 1"};
  if (shape.stages == 1) return {"virtual_stages", fmt::format("{} virtual stages need pipeline > 1", shape.chunks)};
  if (shape.micro_batches % shape.stages != 0) {
    return {"schedule", fmt::format("interleaved-1f1b needs micro-batches in multiples of pipeline ({}), got {}", shape.stages,
                                    shape.micro_batches)};
  }
  return {};
}

/// Micro-batches go through the chunks in groups of `stages`: chunk 0 for `stages` of them, then chunk 1, ...; backward
/// through the chunks in reverse.
std::vector<Slot> order(const PipelineShape& shape, std::uint32_t stage) {
  const std::uint32_t group = shape.stages * shape.chunks;
  const std::uint32_t total = shape.micro_batches * shape.chunks;
  const std::uint32_t warmup = std::min(total, (shape.stages - stage - 1) * 2 + (shape.chunks - 1) * shape.stages);
  const auto chunk_of = [&](std::uint32_t k) { return k % group / shape.stages; };
  const auto micro_batch_of = [&](std::uint32_t k) { return k / group * shape.stages + k % shape.stages; };
  std::vector<Slot> slots;
  slots.reserve(2 * std::size_t{total});
  for (std::uint32_t k = 0; k < warmup; ++k) slots.push_back({Slot::Kind::Forward, micro_batch_of(k), chunk_of(k)});
  for (std::uint32_t k = 0; k < total; ++k) {
    const std::uint32_t ahead = warmup + k;
    if (ahead < total) slots.push_back({Slot::Kind::Forward, micro_batch_of(ahead), chunk_of(ahead)});
    slots.push_back({Slot::Kind::Backward, micro_batch_of(k), shape.chunks - 1 - chunk_of(k)});
  }
  return slots;
}

}  // namespace

ScheduleKind interleaved() {
  return {
      .schedule = PipelineSchedule::Interleaved, .name = "interleaved-1f1b", .in_rounds = true, .fault = fault, .order = order};
}

}  // namespace mfusim
