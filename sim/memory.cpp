// SPDX-License-Identifier: Apache-2.0
#include "sim/memory.hpp"

#include "sim/allocator_memory.hpp"
#include "sim/build_step.hpp"
#include "sim/communicator_memory.hpp"
#include "sim/context_parallel.hpp"
#include "sim/fullest_moment.hpp"
#include "sim/loss_layers.hpp"
#include "sim/model_state.hpp"
#include "sim/towers.hpp"

#include <algorithm>
#include <map>
#include <span>

namespace mfusim {
namespace {

Bytes sum_where(const MemoryParts& parts, bool (*counts)(std::string_view)) {
  Bytes sum;
  for (const auto& [name, bytes] : parts) {
    if (counts(name)) sum += bytes;
  }
  return sum;
}

void add_activations(const FullestMoment& fullest, StageMemory& memory) {
  memory.passes_in_flight = fullest.passes_in_flight;
  memory.peak_at = fullest.at;
  memory.parts.emplace_back("activations", fullest.moment.kept);
  memory.parts.emplace_back("loss", fullest.moment.scores);
  memory.parts.emplace_back("recomputed_layer", fullest.moment.recomputed);
  memory.parts.emplace_back("gradients_in_flight", fullest.moment.in_flight);
  add_part(memory, "held_back", fullest.held_back);
}

/// Memory of the stages of a pipeline. Most chunks hold the same layers: what those keep is counted once.
class PipelineStages {
 public:
  PipelineStages(const Scenario& scenario, const Work<Count>& work, const std::vector<ModelChunk>& chunks)
      : scenario_(scenario), chunks_(chunks) {
    const bool made_to_measure = schedule_kind(scenario.parallel.schedule).measured_order != nullptr;
    if (made_to_measure) measured_ = pipeline_slots(scenario, work);
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
    add_activations(fullest(stage, activations), memory);
    add_beside_tensors(scenario_, communicators_memory(scenario_), memory);
    return memory;
  }

 private:
  [[nodiscard]] FullestMoment fullest(int stage, const std::vector<ChunkActivations>& activations) const {
    if (measured_.empty()) return fullest_moment(scenario_.parallel, stage, activations);
    return fullest_moment(whole_order(measured_[static_cast<std::size_t>(stage)]), activations);
  }

  using Layers = std::vector<std::pair<const Layer<Count>*, std::int64_t>>;
  const Scenario& scenario_;
  const std::vector<ModelChunk>& chunks_;
  std::vector<std::vector<Slot>> measured_;  ///< By stage: orders that depend on what the passes cost.
  std::map<Layers, std::size_t> known_;
  std::vector<ChunkActivations> kinds_;
  std::vector<std::size_t> kind_of_;                        ///< By chunk of the whole model.
  std::map<std::vector<std::size_t>, MemoryParts> states_;  ///< By the kinds of a stage's chunks.
};

/// Adds the parts of `other` to those of the same name.
void merge(StageMemory& memory, const StageMemory& other) {
  for (const auto& [name, bytes] : other.parts) add_part(memory, name, bytes);
}

/// Takes a part out.
Bytes take_part(StageMemory& memory, std::string_view name) {
  Bytes taken;
  const auto found = std::find_if(memory.parts.begin(), memory.parts.end(), [&](const auto& part) { return part.first == name; });
  if (found == memory.parts.end()) return taken;
  taken = found->second;
  memory.parts.erase(found);
  return taken;
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
    const ParallelPlan& plan = tower_view(scenario, i).parallel;
    activations.kept += (caches_features(plan) ? 1 : static_cast<double>(plan.micro_batches)) * one.all();
    activations.recomputed = std::max(activations.recomputed, one.recomputed);
    activations.in_flight = std::max(activations.in_flight, one.in_flight);
  }
  StageMemory memory = towers_state(scenario, chunks, first);
  memory.stage = static_cast<int>(first);
  const ParallelPlan& plan = tower_view(scenario, first).parallel;
  memory.passes_in_flight = caches_features(plan) ? 1 : plan.micro_batches;
  memory.parts.emplace_back("activations", activations.kept);
  memory.parts.emplace_back("recomputed_layer", activations.recomputed);
  memory.parts.emplace_back("loss", loss_memory(scenario, tower_view(scenario, first), work.head[first]));
  memory.parts.emplace_back("gradients_in_flight", activations.in_flight);
  add_beside_tensors(tower_view(scenario, first), communicators_memory(scenario, first), memory);
  return memory;
}

/// A tower's activations in a stage by the schedule's own order; the layer that is computed again apart.
StageMemory tower_activations(const Scenario& view, const Tower<Count>& tower, int stage) {
  StageMemory memory;
  if (tower.frozen) return memory;  // no backward pass: nothing is kept
  const std::vector<ModelChunk> chunks = cut_into_chunks(tower.groups, view.parallel);
  add_activations(fullest_moment(view.parallel, stage, stage_activations(view, chunks, stage)), memory);
  return memory;
}

/// The state of what a stage holds of the towers.
StageMemory stage_state(const Scenario& view, std::span<const Tower<Count>> towers, int stage) {
  std::vector<ModelChunk> chunks;
  for (const Tower<Count>& tower : towers) {
    const std::vector<ModelChunk> whole = cut_into_chunks(tower.groups, view.parallel);
    for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(view.parallel.virtual_stages); ++chunk)
      chunks.push_back(whole[model_chunk(view.parallel, stage, chunk)]);
  }
  std::vector<const ModelChunk*> held;
  held.reserve(chunks.size());
  for (const ModelChunk& chunk : chunks) held.push_back(&chunk);
  StageMemory memory;
  memory.parts = model_state(view, held);
  return memory;
}

/// A stage that holds one tower's layers, or those of both. The stage with the features keeps what the loss needs too.
StageMemory stage_with_towers(const Scenario& scenario, const Work<Count>& work, const TowerRank& rank) {
  const Scenario view = tower_view(scenario, rank.tower);
  const std::size_t held = towers_apart(scenario) ? 1 : work.towers.size();
  const std::span<const Tower<Count>> towers = std::span(work.towers).subspan(rank.tower, held);
  StageMemory memory = stage_state(view, towers, rank.stage);
  Bytes recomputed;
  for (const Tower<Count>& tower : towers) {
    StageMemory one = tower_activations(view, tower, rank.stage);
    memory.passes_in_flight = std::max(memory.passes_in_flight, one.passes_in_flight);
    recomputed = std::max(recomputed, take_part(one, "recomputed_layer"));
    merge(memory, one);
  }
  memory.parts.emplace_back("recomputed_layer", recomputed);  // one tower's at a time
  StageMemory loss;
  if (rank.stage == loss_stage(view.parallel))
    loss.parts.emplace_back("loss", loss_memory(scenario, view, work.head[rank.tower]));
  merge(memory, loss);
  add_beside_tensors(view, communicators_memory(scenario, rank.tower), memory);
  return memory;
}

std::vector<StageMemory> pipelined_towers(const Scenario& scenario, const Work<Count>& work) {
  std::vector<StageMemory> stages;
  for (const TowerRank& rank : simulated_ranks(scenario)) {
    stages.push_back(stage_with_towers(scenario, work, rank));
    stages.back().stage = static_cast<int>(stages.size()) - 1;
  }
  return stages;
}

}  // namespace

Bytes StageMemory::allocated() const {
  return sum_where(parts, is_tensor_part);
}
Bytes StageMemory::reserved() const {
  return sum_where(parts, is_reserved_part);
}
Bytes StageMemory::total() const {
  return sum_where(parts, [](std::string_view) { return true; });
}

OverlapsInMemory overlaps_in_memory(const Scenario& scenario) {
  const Stack& stack = scenario.stack;
  return {.tensor = scenario.techniques.tp_overlap && stack.recorded_collectives != RecordedCollectives::None,
          .data = scenario.techniques.dp_overlap && stack.reduction_buffers == ReductionBuffers::Buckets};
}

namespace {

/// By the share of each context-parallel rank.
std::vector<StageMemory> memory_of_share(const Scenario& scenario, const Work<Count>& work) {
  if (work.towers.size() > 1 && has_pipelined_tower(scenario)) return pipelined_towers(scenario, work);
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

}  // namespace

std::vector<StageMemory> memory_of(const Scenario& scenario, const Work<Count>& whole) {
  const int context = scenario.parallel.context;
  if (context == 1) return memory_of_share(scenario, whole);  // spares a sweep the copy
  return memory_of_share(scenario, context_share(whole, context));
}

}  // namespace mfusim
