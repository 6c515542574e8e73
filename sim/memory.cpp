// SPDX-License-Identifier: Apache-2.0
#include "sim/memory.hpp"

#include "sim/activation_memory.hpp"
#include "sim/context_parallel.hpp"
#include "sim/model_state.hpp"
#include "sim/towers.hpp"

#include <algorithm>

namespace mfusim {
namespace {

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
  std::vector<const ModelChunk*> held;
  for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(plan.virtual_stages); ++chunk)
    held.push_back(&chunks[model_chunk(plan, stage, chunk)]);
  memory.parts = model_state(scenario, held);
  add_activations(stage_schedule(plan, stage), stage_activations(scenario, chunks, stage), memory);
  memory.parts.emplace_back("framework", scenario.stack.framework_memory);
  return memory;
}

/// Adds the parts of `other` to those of the same name.
void merge(StageMemory& memory, const StageMemory& other) {
  for (const auto& [name, bytes] : other.parts) {
    const auto same =
        std::find_if(memory.parts.begin(), memory.parts.end(), [&](const auto& part) { return part.first == name; });
    if (same == memory.parts.end()) {
      memory.parts.emplace_back(name, bytes);
    } else {
      same->second += bytes;
    }
  }
}

/// State of towers by the plans that shard it: together where they share one.
StageMemory towers_state(const Scenario& scenario, const std::vector<ModelChunk>& chunks, std::size_t first_tower) {
  StageMemory memory;
  if (scenario.tower_plans.empty()) {
    std::vector<const ModelChunk*> held;
    held.reserve(chunks.size());
    for (const ModelChunk& chunk : chunks) held.push_back(&chunk);
    memory.parts = model_state(scenario, held);
    return memory;
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    StageMemory own;
    own.parts = model_state(tower_view(scenario, first_tower + i), {&chunks[i]});
    merge(memory, own);
  }
  return memory;
}

/// A rank that holds `towers` towers of the model from `first` on.
StageMemory rank_with_towers(const Scenario& scenario, const Work<Count>& work, std::size_t first, std::size_t towers) {
  std::vector<ModelChunk> chunks;
  ChunkActivations activations;
  for (std::size_t i = first; i < first + towers; ++i) {
    const Tower<Count>& tower = work.towers[i];
    chunks.push_back(cut_into_chunks(tower.groups, 1).front());
    if (tower.frozen) continue;  // no backward pass: nothing is kept
    const ChunkActivations one = chunk_activations(tower_view(scenario, i), chunks.back());
    activations.kept += one.all();
    activations.recomputed = std::max(activations.recomputed, one.recomputed);
  }
  StageMemory memory = towers_state(scenario, chunks, first);
  memory.stage = static_cast<int>(first);
  memory.passes_in_flight = 1;
  memory.parts.emplace_back("activations", activations.kept);
  memory.parts.emplace_back("recomputed_layer", activations.recomputed);
  memory.parts.emplace_back("loss", kept_by_layers(scenario, {work.head[first]}));
  memory.parts.emplace_back("framework", scenario.stack.framework_memory);
  return memory;
}

}  // namespace

Bytes StageMemory::total() const {
  Bytes sum;
  for (const auto& [name, bytes] : parts) sum += bytes;
  return sum;
}

std::vector<StageMemory> memory_of(const Scenario& scenario, const Work<Count>& whole) {
  const Work<Count> work = context_share(whole, scenario.parallel.context);
  if (towers_apart(scenario)) return {rank_with_towers(scenario, work, 0, 1), rank_with_towers(scenario, work, 1, 1)};
  if (work.towers.size() > 1) return {rank_with_towers(scenario, work, 0, work.towers.size())};
  const ParallelPlan& plan = scenario.parallel;
  const std::vector<ModelChunk> chunks = cut_into_chunks(work.towers.front().groups, plan);
  std::vector<StageMemory> stages;
  stages.reserve(static_cast<std::size_t>(plan.pipeline));
  for (int stage = 0; stage < plan.pipeline; ++stage) stages.push_back(pipeline_stage(scenario, chunks, stage));
  return stages;
}

}  // namespace mfusim
