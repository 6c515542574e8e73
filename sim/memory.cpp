// SPDX-License-Identifier: Apache-2.0
#include "sim/memory.hpp"

#include "sim/activation_memory.hpp"
#include "sim/data_parallel.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Weights, gradients and optimizer state of `share`.
void add_state(const Scenario& scenario, const ParameterShare& share, StageMemory& memory) {
  const double optimizer_ranks = scenario.parallel.zero >= 1 ? scenario.parallel.data : 1;
  const bool master = scenario.stack.weights == WeightState::MasterCopy && scenario.training.precision != DataType::Fp32;
  const double moments = scenario.training.optimizer == Optimizer::Sgd ? 1 : 2;
  memory.parts.emplace_back("weights", share.all * weight_value(scenario));
  memory.parts.emplace_back("gradients", share.trainable * gradient_value(scenario));
  memory.parts.emplace_back("optimizer", Bytes(share.trainable * (4 * moments + (master ? 4 : 0)) / optimizer_ranks));
}

/// Activations at the stage's fullest moment, the first of equals.
void add_activations(const std::vector<Slot>& slots, const std::vector<ChunkActivations>& by_chunk, StageMemory& memory) {
  const std::vector<ActivationMoment> moments = activation_timeline(slots, by_chunk);
  const auto fullest =
      std::max_element(moments.begin(), moments.end(), [](const auto& a, const auto& b) { return a.all() < b.all(); });
  memory.passes_in_flight = most_in_flight(slots);
  memory.peak_at = slots[fullest->slot];
  memory.parts.emplace_back("activations", fullest->kept);
  memory.parts.emplace_back("loss", fullest->scores);
  memory.parts.emplace_back("recomputed_layer", fullest->recomputed);
}

StageMemory pipeline_stage(const Scenario& scenario, const std::vector<ModelChunk>& chunks, int stage) {
  const ParallelPlan& plan = scenario.parallel;
  StageMemory memory;
  memory.stage = stage;
  ParameterShare share;
  for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(plan.virtual_stages); ++chunk) {
    const ParameterShare parameters = parameters_of(chunks[model_chunk(plan, stage, chunk)], {plan.tensor, plan.sequence});
    share.all += parameters.all;
    share.trainable += parameters.trainable;
  }
  add_state(scenario, share, memory);
  add_activations(stage_schedule(plan, stage), stage_activations(scenario, chunks, stage), memory);
  memory.parts.emplace_back("framework", scenario.stack.framework_memory);
  return memory;
}

StageMemory colocated_towers(const Scenario& scenario, const Work<Count>& work) {
  StageMemory memory;
  memory.passes_in_flight = 1;
  ParameterShare share;
  ChunkActivations activations;
  for (const Tower<Count>& tower : work.towers) {
    const ModelChunk chunk = cut_into_chunks(tower.groups, 1).front();
    const ParameterShare parameters = parameters_of(chunk, {scenario.parallel.tensor, scenario.parallel.sequence});
    share.all += parameters.all;
    share.trainable += parameters.trainable;
    if (tower.frozen) continue;  // no backward pass: nothing is kept
    const ChunkActivations one = chunk_activations(scenario, chunk);
    activations.kept += one.all();
    activations.recomputed = std::max(activations.recomputed, one.recomputed);
  }
  add_state(scenario, share, memory);
  memory.parts.emplace_back("activations", activations.kept);
  memory.parts.emplace_back("recomputed_layer", activations.recomputed);
  memory.parts.emplace_back("loss", kept_by_layers(scenario, work.head));
  memory.parts.emplace_back("framework", scenario.stack.framework_memory);
  return memory;
}

}  // namespace

Bytes StageMemory::total() const {
  Bytes sum;
  for (const auto& [name, bytes] : parts) sum += bytes;
  return sum;
}

std::vector<StageMemory> memory_of(const Scenario& scenario, const Work<Count>& work) {
  if (work.towers.size() > 1) return {colocated_towers(scenario, work)};
  const ParallelPlan& plan = scenario.parallel;
  const std::vector<ModelChunk> chunks = cut_into_chunks(work.towers.front().groups, plan);
  std::vector<StageMemory> stages;
  stages.reserve(static_cast<std::size_t>(plan.pipeline));
  for (int stage = 0; stage < plan.pipeline; ++stage) stages.push_back(pipeline_stage(scenario, chunks, stage));
  return stages;
}

}  // namespace mfusim
