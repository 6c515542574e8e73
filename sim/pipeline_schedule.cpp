// SPDX-License-Identifier: Apache-2.0
#include "sim/pipeline_schedule.hpp"

#include "sim/schedules/schedules.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace mfusim {

std::string to_string(Slot::Kind kind) {
  switch (kind) {
    case Slot::Kind::Forward:
      return "forward";
    case Slot::Kind::Backward:
      return "backward";
    case Slot::Kind::InputGradient:
      return "input gradient";
    case Slot::Kind::WeightGradient:
      return "weight gradient";
  }
  throw std::logic_error("unhandled Slot::Kind");
}

std::string to_string(PipelineSchedule schedule) {
  return schedule_kind(schedule).name;
}

PipelineShape pipeline_shape(const ParallelPlan& plan) {
  return {.stages = static_cast<std::uint32_t>(plan.pipeline),
          .chunks = static_cast<std::uint32_t>(plan.virtual_stages),
          .micro_batches = static_cast<std::uint32_t>(plan.micro_batches),
          .memory_limit = static_cast<std::uint32_t>(plan.memory_limit)};
}

std::span<const ScheduleKind> schedule_kinds() {
  static const std::array kinds{gpipe(), one_forward_one_backward(), interleaved(), zb_h1(), zb_h2(), zb_v(), zb_auto()};
  return kinds;
}

const ScheduleKind& schedule_kind(PipelineSchedule schedule) {
  for (const ScheduleKind& kind : schedule_kinds()) {
    if (kind.schedule == schedule) return kind;
  }
  throw std::logic_error("a PipelineSchedule without a file in sim/schedules");
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const ScheduleKind& kind : schedule_kinds()) names.push_back(kind.name);
  return names;
}

std::vector<std::vector<Slot>> stage_schedules(const ParallelPlan& plan, const PipelineCosts& costs) {
  const ScheduleKind& kind = schedule_kind(plan.schedule);
  const PipelineShape shape = pipeline_shape(plan);
  if (kind.measured_order != nullptr)
    return kind.measured_order(shape, costs.stages.empty() ? PipelineCosts{std::vector<StageCosts>(shape.stages), {}} : costs);
  std::vector<std::vector<Slot>> orders;
  for (std::uint32_t stage = 0; stage < shape.stages; ++stage) orders.push_back(kind.order(shape, stage));
  return orders;
}

std::vector<Slot> stage_schedule(const ParallelPlan& plan, int stage) {
  const ScheduleKind& kind = schedule_kind(plan.schedule);
  if (kind.measured_order != nullptr) return std::move(stage_schedules(plan, {})[static_cast<std::size_t>(stage)]);
  return kind.order(pipeline_shape(plan), static_cast<std::uint32_t>(stage));
}

PipelinePeriod pipeline_period(const ParallelPlan& plan) {
  const ScheduleKind& kind = schedule_kind(plan.schedule);
  const PipelineShape shape = pipeline_shape(plan);
  const std::uint32_t micro_batches = kind.in_rounds ? shape.stages : 1;
  return {.micro_batches = micro_batches, .slots = (kind.splits_backward ? 3U : 2U) * shape.chunks * micro_batches};
}

SlotRange repeating_slots(const std::vector<Slot>& slots, const PipelinePeriod& period) {
  SlotRange longest;
  std::size_t first = 0;
  for (std::size_t i = 0; i + period.slots < slots.size(); ++i) {
    Slot next = slots[i];
    next.micro_batch += period.micro_batches;
    if (slots[i + period.slots] != next) {
      first = i + 1;
    } else if (i - first >= longest.last - longest.first) {
      longest = {first, i + 1};
    }
  }
  if (longest.last > longest.first) longest.last += period.slots;
  return longest;
}

std::uint32_t model_chunk(const ParallelPlan& plan, int stage, std::uint32_t chunk) {
  const auto stages = static_cast<std::uint32_t>(plan.pipeline);
  const auto at = static_cast<std::uint32_t>(stage);
  const bool upwards = schedule_kind(plan.schedule).placement == ChunkPlacement::V && chunk % 2 == 1;
  return chunk * stages + (upwards ? stages - 1 - at : at);
}

int stage_of_chunk(const ParallelPlan& plan, std::uint32_t model_chunk) {
  const auto stages = static_cast<std::uint32_t>(plan.pipeline);
  const std::uint32_t at = model_chunk % stages;
  const bool upwards = schedule_kind(plan.schedule).placement == ChunkPlacement::V && model_chunk / stages % 2 == 1;
  return static_cast<int>(upwards ? stages - 1 - at : at);
}

int loss_stage(const ParallelPlan& plan) {
  return stage_of_chunk(plan, static_cast<std::uint32_t>(plan.pipeline * plan.virtual_stages) - 1);
}

std::int64_t most_in_flight(const std::vector<Slot>& slots) {
  const bool split =
      std::any_of(slots.begin(), slots.end(), [](const Slot& slot) { return slot.kind == Slot::Kind::WeightGradient; });
  const Slot::Kind last = split ? Slot::Kind::WeightGradient : Slot::Kind::Backward;
  std::int64_t alive = 0;
  std::int64_t most = 0;
  for (const Slot& slot : slots) {
    if (slot.kind == Slot::Kind::Forward) most = std::max(most, ++alive);
    if (slot.kind == last) --alive;
  }
  return most;
}

}  // namespace mfusim
