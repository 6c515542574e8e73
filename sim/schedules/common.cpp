// SPDX-License-Identifier: Apache-2.0
#include "sim/schedules/schedules.hpp"

#include <fmt/format.h>

#include <algorithm>

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

}  // namespace mfusim
