// SPDX-License-Identifier: Apache-2.0
#include "sim/memory.hpp"

#include "sim/activation_memory.hpp"
#include "sim/build_step.hpp"
#include "sim/communicator_memory.hpp"
#include "sim/context_parallel.hpp"
#include "sim/model_state.hpp"
#include "sim/towers.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace mfusim {
namespace {

using Parts = std::vector<std::pair<std::string, Bytes>>;
constexpr std::string_view fragmentation = "fragmentation";
constexpr std::array<std::string_view, 2> outside_allocator{"communicators", "framework"};
/// State is allocated once, before the first step; all other tensors come and go.
constexpr std::array<std::string_view, 3> standing{"weights", "gradients", "optimizer"};

template <std::size_t Size>
bool among(const std::array<std::string_view, Size>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Bytes sum_where(const Parts& parts, bool (*counts)(const std::string&)) {
  Bytes sum;
  for (const auto& [name, bytes] : parts) {
    if (counts(name)) sum += bytes;
  }
  return sum;
}

/// What is not a tensor; the parts of the tensors are all there.
void add_beside_tensors(const Scenario& scenario, StageMemory& memory) {
  const Bytes coming_and_going = sum_where(memory.parts, [](const std::string& name) { return !among(standing, name); });
  memory.parts.emplace_back(fragmentation, scenario.stack.fragmentation * coming_and_going);
  memory.parts.emplace_back("communicators", communicators_memory(scenario));
  memory.parts.emplace_back("framework", scenario.stack.framework_memory);
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
  memory.parts.emplace_back("gradients_in_flight", fullest->in_flight);
}

/// Memory of the stages of a pipeline. Most chunks hold the same layers: what those keep is counted once.
class PipelineStages {
 public:
  PipelineStages(const Scenario& scenario, const Work<Count>& work, const std::vector<ModelChunk>& chunks)
      : scenario_(scenario), chunks_(chunks), slots_(pipeline_slots(scenario, work)) {
    for (const ModelChunk& chunk : chunks) {
      Layers layers;
      for (const LayerRun& run : chunk.runs) layers.emplace_back(run.layer, run.repeat);
      const auto [at, fresh] = known_.try_emplace(std::move(layers), kinds_.size());
      if (fresh) kinds_.push_back(chunk_activations(scenario, chunk));
      kind_of_.push_back(at->second);
    }
  }

  [[nodiscard]] StageMemory memory_of(int stage) {
    const ParallelPlan& plan = scenario_.parallel;
    std::vector<std::size_t> kinds;
    std::vector<const ModelChunk*> held;
    std::vector<ChunkActivations> activations;
    for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(plan.virtual_stages); ++chunk) {
      const std::uint32_t at = model_chunk(plan, stage, chunk);
      held.push_back(&chunks_[at]);
      kinds.push_back(kind_of_[at]);
      activations.push_back(kinds_[kind_of_[at]]);
    }
    const auto [state, fresh] = states_.try_emplace(std::move(kinds));
    if (fresh) state->second = model_state(scenario_, held);
    StageMemory memory;
    memory.stage = stage;
    memory.parts = state->second;
    add_activations(slots_[static_cast<std::size_t>(stage)], activations, memory);
    add_beside_tensors(scenario_, memory);
    return memory;
  }

 private:
  using Layers = std::vector<std::pair<const Layer<Count>*, std::int64_t>>;
  const Scenario& scenario_;
  const std::vector<ModelChunk>& chunks_;
  std::vector<std::vector<Slot>> slots_;  ///< By stage.
  std::map<Layers, std::size_t> known_;
  std::vector<ChunkActivations> kinds_;
  std::vector<std::size_t> kind_of_;                  ///< By chunk of the whole model.
  std::map<std::vector<std::size_t>, Parts> states_;  ///< By the kinds of a stage's chunks.
};

/// Adds the parts of `other` to those of the same name.
void merge(StageMemory& memory, const StageMemory& other) {
  for (const auto& added : other.parts) {
    const auto same =
        std::find_if(memory.parts.begin(), memory.parts.end(), [&](const auto& part) { return part.first == added.first; });
    if (same == memory.parts.end()) {
      memory.parts.push_back(added);
    } else {
      same->second += added.second;
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
    activations.in_flight = std::max(activations.in_flight, one.in_flight);
  }
  StageMemory memory = towers_state(scenario, chunks, first);
  memory.stage = static_cast<int>(first);
  memory.passes_in_flight = 1;
  memory.parts.emplace_back("activations", activations.kept);
  memory.parts.emplace_back("recomputed_layer", activations.recomputed);
  memory.parts.emplace_back("loss", kept_by_layers(scenario, {work.head[first]}));
  memory.parts.emplace_back("gradients_in_flight", activations.in_flight);
  add_beside_tensors(scenario, memory);
  return memory;
}

}  // namespace

Bytes StageMemory::allocated() const {
  return sum_where(parts, [](const std::string& name) { return !among(outside_allocator, name) && name != fragmentation; });
}
Bytes StageMemory::reserved() const {
  return sum_where(parts, [](const std::string& name) { return !among(outside_allocator, name); });
}
Bytes StageMemory::total() const {
  return sum_where(parts, [](const std::string&) { return true; });
}

std::vector<StageMemory> memory_of(const Scenario& scenario, const Work<Count>& whole) {
  const Work<Count> work = context_share(whole, scenario.parallel.context);
  if (towers_apart(scenario)) return {rank_with_towers(scenario, work, 0, 1), rank_with_towers(scenario, work, 1, 1)};
  if (work.towers.size() > 1) return {rank_with_towers(scenario, work, 0, work.towers.size())};
  const ParallelPlan& plan = scenario.parallel;
  const std::vector<ModelChunk> chunks = cut_into_chunks(work.towers.front().groups, plan);
  std::vector<StageMemory> stages;
  stages.reserve(static_cast<std::size_t>(plan.pipeline));
  PipelineStages pipeline(scenario, work, chunks);
  for (int stage = 0; stage < plan.pipeline; ++stage) stages.push_back(pipeline.memory_of(stage));
  return stages;
}

}  // namespace mfusim
