// SPDX-License-Identifier: Apache-2.0
#include "sim/memory.hpp"

#include "model/saved_bytes.hpp"
#include "sim/context_parallel.hpp"
#include "sim/eager_memory.hpp"
#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"
#include "sim/model_state.hpp"
#include "sim/pipeline_schedule.hpp"

#include <algorithm>

namespace mfusim {
namespace {

AttentionMemory attention_memory(const Scenario& scenario) {
  return scenario.techniques.attention == AttentionKernel::Unfused ? AttentionMemory::Unfused : AttentionMemory::Fused;
}

/// Without sequence parallelism tokens are whole on every rank; with it the inputs of the split region are kept as a
/// share and gathered again.
Bytes saved_share(const Scenario& scenario, const Operator<Count>& op) {
  const TensorGroup group{scenario.parallel.tensor, scenario.parallel.sequence};
  const bool recomputed_core =
      scenario.parallel.recompute == Recompute::Selective && std::holds_alternative<Attention<Count>>(op.shape);
  const AttentionMemory attention = recomputed_core ? AttentionMemory::Fused : attention_memory(scenario);
  const double wider = size_of(scenario.training.precision) / size_of(DataType::Bf16);  // saved_bytes counts 2-byte values
  const Operator<Count> mine = shard(op, group);
  const Bytes kept = Bytes(wider * saved_bytes(mine, attention).as_double()) + kept_by_eager_kernels(scenario, mine);
  const bool whole_input = group.sequence && (op.split == TensorSplit::Columns);
  return whole_input ? kept / group.ranks : kept;
}

Bytes saved_by(const Scenario& scenario, const Layer<Count>& layer) {
  Bytes total;
  for (const Operator<Count>& op : layer.operators) total += saved_share(scenario, op);
  return total;
}

Bytes saved_by(const Scenario& scenario, const std::vector<LayerGroup<Count>>& groups) {
  Bytes total;
  for (const LayerGroup<Count>& group : groups) total += group.repeat.as_double() * saved_by(scenario, group.layer);
  return total;
}

/// A recomputed layer keeps its input alone.
Bytes layer_input_bytes(const Scenario& scenario, const Layer<Count>& layer) {
  for (const Operator<Count>& op : layer.operators) {
    const TensorGroup group{scenario.parallel.tensor, scenario.parallel.sequence};
    const Operator<Count> mine = shard(op, group);
    if (const auto* norm = std::get_if<Norm<Count>>(&mine.shape)) {
      return norm->rows.as_double() * norm->width.as_double() * size_of(scenario.training.precision);
    }
  }
  return saved_by(scenario, layer);
}

struct Activations {
  Bytes kept;        ///< From forward to backward.
  Bytes recomputed;  ///< While one layer is recomputed.
};

Activations activations_of(const Scenario& scenario, const ModelChunk& chunk) {
  Activations total;
  for (const LayerRun& run : chunk.runs) {
    const bool recomputed = run.transformer_block && scenario.parallel.recompute == Recompute::Full;
    const Bytes one = recomputed ? layer_input_bytes(scenario, *run.layer) : saved_by(scenario, *run.layer);
    total.kept += static_cast<double>(run.repeat) * one;
    if (recomputed) total.recomputed = std::max(total.recomputed, saved_by(scenario, *run.layer));
  }
  return total;
}

/// Most bytes that a stage's passes keep at once, by the schedule's own order.
Bytes peak_kept(const std::vector<Slot>& slots, const std::vector<Bytes>& kept_by_chunk) {
  Bytes alive;
  Bytes peak;
  for (const Slot& slot : slots) {
    if (slot.kind == Slot::Kind::Forward) {
      alive += kept_by_chunk[slot.chunk];
      peak = std::max(peak, alive);
    } else {
      alive -= kept_by_chunk[slot.chunk];
    }
  }
  return peak;
}

StageMemory pipeline_stage(const Scenario& scenario, const std::vector<ModelChunk>& chunks, int stage) {
  const ParallelPlan& plan = scenario.parallel;
  const std::vector<Slot> slots = stage_schedule(plan, stage);
  StageMemory memory;
  memory.stage = stage;
  memory.passes_in_flight = most_in_flight(slots);
  std::vector<const ModelChunk*> held;
  std::vector<Bytes> kept;
  Bytes recomputed;
  for (int chunk = 0; chunk < plan.virtual_stages; ++chunk) {
    const ModelChunk& mine =
        chunks[static_cast<std::size_t>(chunk) * static_cast<std::size_t>(plan.pipeline) + static_cast<std::size_t>(stage)];
    held.push_back(&mine);
    const Activations one = activations_of(scenario, mine);
    kept.push_back(one.kept);
    recomputed = std::max(recomputed, one.recomputed);
  }
  memory.parts = model_state(scenario, held);
  memory.parts.emplace_back("activations", peak_kept(slots, kept));
  memory.parts.emplace_back("recomputed_layer", recomputed);
  memory.parts.emplace_back("framework", scenario.stack.framework_memory);
  return memory;
}

StageMemory colocated_towers(const Scenario& scenario, const Work<Count>& work) {
  StageMemory memory;
  memory.passes_in_flight = 1;
  Activations activations;
  std::vector<ModelChunk> chunks;
  for (const Tower<Count>& tower : work.towers) {
    chunks.push_back(cut_into_chunks(tower.groups, 1).front());
    if (tower.frozen) continue;  // no backward pass: nothing is kept
    const Activations one = activations_of(scenario, chunks.back());
    activations.kept += one.kept;
    activations.recomputed = std::max(activations.recomputed, one.recomputed);
  }
  std::vector<const ModelChunk*> held;
  held.reserve(chunks.size());
  for (const ModelChunk& chunk : chunks) held.push_back(&chunk);
  memory.parts = model_state(scenario, held);
  memory.parts.emplace_back("activations", activations.kept);
  memory.parts.emplace_back("recomputed_layer", activations.recomputed);
  memory.parts.emplace_back("loss", saved_by(scenario, work.head));
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
  const Work<Count> share = context_share(work, scenario.parallel.context);
  if (share.towers.size() > 1) return {colocated_towers(scenario, share)};
  const ParallelPlan& plan = scenario.parallel;
  const std::vector<ModelChunk> chunks = cut_into_chunks(share.towers.front().groups, plan.pipeline * plan.virtual_stages);
  std::vector<StageMemory> stages;
  stages.reserve(static_cast<std::size_t>(plan.pipeline));
  for (int stage = 0; stage < plan.pipeline; ++stage) stages.push_back(pipeline_stage(scenario, chunks, stage));
  return stages;
}

}  // namespace mfusim
