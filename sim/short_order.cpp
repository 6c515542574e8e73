// SPDX-License-Identifier: Apache-2.0
#include "sim/short_order.hpp"

#include <utility>

namespace mfusim {
namespace {

/// Fewest micro-batches whose orders show what repeats on every stage, and leave whole periods out. Twice as many as stages fill
/// every schedule (repeating_slots); rounds, which are as long as the pipeline, need one more to hold a period between warm-up
/// and flush.
std::int64_t enough_micro_batches(const ParallelPlan& plan) {
  const std::int64_t stages = plan.pipeline;
  const std::int64_t period = pipeline_period(plan).micro_batches;
  const std::int64_t least = 2 * stages + (schedule_kind(plan.schedule).in_rounds ? stages : 0);
  return least + (plan.micro_batches - least) % period;
}

}  // namespace

Slot ShortOrder::in_step(std::size_t slot) const {
  Slot in_step = slots[slot];
  if (slot >= behind) in_step.micro_batch += left_out;
  return in_step;
}

ShortOrder whole_order(std::vector<Slot> slots) {
  const std::size_t all = slots.size();
  return {.slots = std::move(slots), .behind = all};
}

ShortOrder short_order(const ParallelPlan& plan, int stage) {
  const std::int64_t enough = enough_micro_batches(plan);
  const bool made_to_measure = schedule_kind(plan.schedule).measured_order != nullptr;
  if (plan.micro_batches <= enough || made_to_measure) return whole_order(stage_schedule(plan, stage));
  ParallelPlan few = plan;
  few.micro_batches = enough;
  std::vector<Slot> slots = stage_schedule(few, stage);
  const SlotRange repeats = repeating_slots(slots, pipeline_period(plan));
  if (repeats.last == repeats.first) return whole_order(stage_schedule(plan, stage));
  return {.slots = std::move(slots), .behind = repeats.last, .left_out = static_cast<std::uint32_t>(plan.micro_batches - enough)};
}

}  // namespace mfusim
