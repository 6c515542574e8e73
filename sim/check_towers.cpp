// SPDX-License-Identifier: Apache-2.0
#include "sim/check_towers.hpp"

#include "sim/towers.hpp"

#include <fmt/format.h>

namespace mfusim {

std::optional<PlanFault> tower_pipeline_fault(const ModelSpec& model, std::size_t tower, const ParallelPlan& plan) {
  const bool vision = tower == vision_tower_number;
  const std::int64_t layers = (vision ? model.vision->block.layers : model.text->block.layers).value();
  if (schedule_kind(plan.schedule).splits_backward) {
    return PlanFault{"schedule", fmt::format("a tower runs gpipe, 1f1b or interleaved-1f1b: the contrastive loss stands between "
                                             "all forward and all backward passes, got {}",
                                             to_string(plan.schedule))};
  }
  if (const PlanFault fault = schedule_kind(plan.schedule).fault(pipeline_shape(plan)); !fault.key.empty()) return fault;
  if (!plan.chunk_layers.empty() && plan.pipeline > 1)
    return PlanFault{"pipeline", "a tower's stages have equal numbers of layers: expected no layers by stage"};
  const std::int64_t chunks = std::int64_t{plan.pipeline} * plan.virtual_stages;
  if (layers % chunks != 0) {
    return PlanFault{"pipeline", fmt::format("pipeline x virtual_stages ({} x {}) does not divide model.{}.layers ({})",
                                             plan.pipeline, plan.virtual_stages, vision ? "vision" : "text", layers)};
  }
  constexpr std::int64_t most_chunks = 1024;
  if (chunks > most_chunks) return PlanFault{"pipeline", fmt::format("at most {} chunks a tower, got {}", most_chunks, chunks)};
  return std::nullopt;
}

std::optional<PlanFault> shared_pipeline_fault(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  if (plan.pipeline > 1 && scenario.model.caption)
    return PlanFault{"pipeline", fmt::format("a model with a captioning decoder has no pipeline yet, got {}", plan.pipeline)};
  if (plan.pipeline > 1 && scenario.placement == TowerPlacement::TwoStreams)
    return PlanFault{"pipeline",
                     fmt::format("is modelled for colocated and disjoint towers, got two-streams and {}", plan.pipeline)};
  if (plan.pipeline > 1 && scenario.variation)
    return PlanFault{"pipeline",
                     fmt::format("ranks that vary are modelled for towers without a pipeline, got {}", plan.pipeline)};
  for (const std::size_t tower : {vision_tower_number, text_tower_number}) {
    if (std::optional<PlanFault> fault = tower_pipeline_fault(scenario.model, tower, plan)) return fault;
  }
  return std::nullopt;
}

}  // namespace mfusim
