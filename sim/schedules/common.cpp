// SPDX-License-Identifier: Apache-2.0
#include "sim/schedules/schedules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace mfusim {

PlanFault one_chunk_a_stage(const std::string& name, const PipelineShape& shape) {
  if (shape.chunks == 1) return {};
  return {"schedule",
          fmt::format("{} with {} virtual stages: only interleaved-1f1b and zb-v have virtual stages", name, shape.chunks)};
}

PlanFault several_stages(const std::string& name, const PipelineShape& shape) {
  if (shape.stages > 1) return {};
  return {"schedule", fmt::format("{} needs pipeline > 1, got {}", name, shape.stages)};
}

std::vector<Slot> without_missing(std::vector<Slot> slots, const PipelineShape& shape) {
  std::erase_if(slots, [&](const Slot& slot) { return slot.micro_batch >= shape.micro_batches; });
  return slots;
}

std::vector<Slot> delayed_weight_gradients(const PipelineShape& shape, std::uint32_t warmup, std::uint32_t delay) {
  const std::uint32_t total = std::max(shape.micro_batches, warmup + 1);
  std::vector<Slot> slots;
  slots.reserve(3 * std::size_t{total});
  for (std::uint32_t k = 0; k < warmup; ++k) slots.push_back({Slot::Kind::Forward, k, 0});
  for (std::uint32_t k = 0; k < total; ++k) {
    if (warmup + k < total) slots.push_back({Slot::Kind::Forward, warmup + k, 0});
    slots.push_back({Slot::Kind::InputGradient, k, 0});
    if (k >= delay) slots.push_back({Slot::Kind::WeightGradient, k - delay, 0});
  }
  for (std::uint32_t k = total - std::min(delay, total); k < total; ++k) slots.push_back({Slot::Kind::WeightGradient, k, 0});
  return without_missing(std::move(slots), shape);
}

namespace {

/// Where a stage of longest_span stands.
struct Played {
  std::size_t next = 0;
  Picoseconds now{};
  std::optional<Picoseconds> begin;
  std::vector<Picoseconds> forward, input;  ///< Ends by micro-batch, as far as they are known.
};

/// When what a slot reads is there; nothing where that is not known yet.
std::optional<Picoseconds> ready(const std::vector<Played>& stages, std::size_t s, const Slot& slot, Picoseconds transfer) {
  const auto end = [&](const std::vector<Picoseconds>& ends, Picoseconds after) -> std::optional<Picoseconds> {
    if (slot.micro_batch >= ends.size()) return std::nullopt;
    return ends[slot.micro_batch] + after;
  };
  if (slot.kind == Slot::Kind::Forward) return s == 0 ? Picoseconds{} : end(stages[s - 1].forward, transfer);
  if (slot.kind == Slot::Kind::WeightGradient) return end(stages[s].input, {});
  return s + 1 == stages.size() ? end(stages[s].forward, {}) : end(stages[s + 1].input, transfer);
}

/// Plays a stage as far as it gets; was there anything?
bool advance(std::vector<Played>& stages, std::size_t s, const std::vector<Slot>& slots, const PipelineCosts& costs) {
  Played& stage = stages[s];
  const std::size_t before = stage.next;
  for (; stage.next < slots.size(); ++stage.next) {
    const Slot& slot = slots[stage.next];
    const std::optional<Picoseconds> read = ready(stages, s, slot, costs.transfer);
    if (!read) break;
    const Picoseconds start = std::max(stage.now, *read);
    if (!stage.begin) stage.begin = start;
    const bool forward = slot.kind == Slot::Kind::Forward;
    const bool weight = slot.kind == Slot::Kind::WeightGradient;
    const StageCosts& one = costs.stages[s];
    stage.now = start + (forward ? one.forward : weight ? one.weight_gradient : one.input_gradient);
    if (!weight) (forward ? stage.forward : stage.input).push_back(stage.now);
  }
  return stage.next > before;
}

}  // namespace

Picoseconds longest_span(const std::vector<std::vector<Slot>>& orders, const PipelineCosts& costs) {
  std::vector<Played> stages(orders.size());
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t s = 0; s < stages.size(); ++s) moved = advance(stages, s, orders[s], costs) || moved;
  }
  Picoseconds longest{};
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (stages[s].next < orders[s].size()) throw std::logic_error("pipeline stages wait for each other");
    longest = std::max(longest, stages[s].now - stages[s].begin.value_or(Picoseconds{}));
  }
  return longest;
}

}  // namespace mfusim
