// SPDX-License-Identifier: Apache-2.0
#include "sim/activation_memory.hpp"

#include "model/saved_bytes.hpp"
#include "sim/eager_memory.hpp"
#include "sim/gradient_memory.hpp"
#include "sim/layer_pass.hpp"
#include "sim/selective_recompute.hpp"

#include <algorithm>
#include <cmath>

namespace mfusim {
namespace {

TensorGroup tensor_ranks(const Scenario& scenario) {
  return {scenario.parallel.tensor, scenario.parallel.sequence};
}

AttentionMemory attention_memory(const Scenario& scenario) {
  return scenario.techniques.attention == AttentionKernel::Unfused ? AttentionMemory::Unfused : AttentionMemory::Fused;
}

bool is_loss(const Operator<Count>& op) {
  return std::holds_alternative<Loss<Count>>(op.shape);
}

/// The whole input of a split region is kept as one rank's share where tokens are split, and gathered again.
Bytes saved_share(const Scenario& scenario, const Operator<Count>& op, AttentionMemory attention) {
  const TensorGroup group = tensor_ranks(scenario);
  const double wider = size_of(scenario.training.precision) / size_of(DataType::Bf16);  // saved_bytes counts 2-byte values
  const double scale = is_loss(op) ? 1 : wider;                                         // but 4-byte scores
  const Operator<Count> mine = shard(op, group);
  const Bytes kept = Bytes(scale * saved_bytes(mine, attention).as_double()) + kept_by_eager_kernels(scenario, mine);
  const bool whole_input = group.sequence && op.split == TensorSplit::Columns;
  return whole_input ? kept / group.ranks : kept;
}

/// What a layer keeps apart from the scores of a loss.
Bytes saved_by(const Scenario& scenario, const Layer<Count>& layer, AttentionMemory attention) {
  Bytes total;
  for (const Operator<Count>& op : layer.operators) {
    if (!is_loss(op)) total += saved_share(scenario, op, attention);
  }
  return total;
}

Bytes scores_of(const Scenario& scenario, const Layer<Count>& layer) {
  Bytes total;
  for (const Operator<Count>& op : layer.operators) {
    if (is_loss(op)) total += saved_share(scenario, op, AttentionMemory::Fused);
  }
  return total;
}

/// Logits as they came and, of 16-bit ones, their fp32 copy stand beside the scores, which are a new tensor: the logits less
/// their maximum (Megatron-LM, tensor_parallel/cross_entropy.py). Eager cross entropy keeps its copies (sim/eager_memory.hpp).
Bytes loss_copies(const Scenario& scenario, const Bytes& scores) {
  if (scenario.stack.eager_cross_entropy || !scenario.model.decoder) return {};
  const Bytes logits = size_of(scenario.training.precision);
  const Bytes wide = is_half(scenario.training.precision) ? size_of(DataType::Fp32) : Bytes();
  return scores * ((logits + wide) / size_of(DataType::Fp32));
}

/// A recomputed layer keeps its input alone.
Bytes layer_input_bytes(const Scenario& scenario, const Layer<Count>& layer) {
  for (const Operator<Count>& op : layer.operators) {
    const Operator<Count> mine = shard(op, tensor_ranks(scenario));
    if (const auto* norm = std::get_if<Norm<Count>>(&mine.shape)) {
      return norm->rows.as_double() * norm->width.as_double() * size_of(scenario.training.precision);
    }
  }
  return saved_by(scenario, layer, attention_memory(scenario));
}

/// What weight gradients of the linears need: their inputs (kept once where two read the same) and their outputs' gradients.
/// Nothing where they are made with the input gradients.
Bytes needed_by_weight_gradients(const Scenario& scenario, const Layer<Count>& layer) {
  if (!schedule_kind(scenario.parallel.schedule).splits_backward) return {};
  Bytes total;
  for (const Operator<Count>& op : layer.operators) {
    const Operator<Count> mine = shard(op, tensor_ranks(scenario));
    const auto* linear = std::get_if<Linear<Count>>(&mine.shape);
    if (linear == nullptr || !op.trainable) continue;
    total += saved_share(scenario, op, AttentionMemory::Fused);
    total += linear->rows.as_double() * linear->outputs.as_double() * size_of(scenario.training.precision);
  }
  return total;
}

/// What a layer of a run keeps, and what its weight gradients need.
struct LayerBytes {
  Bytes kept;
  Bytes for_weights;
};

/// How full recomputation cuts a run.
struct RecomputedGroups {
  std::int64_t layers = 0;  ///< Recomputed ones.
  std::int64_t group = 0;   ///< Of them at once.
  double groups = 0;        ///< Each keeps its input.
};
RecomputedGroups recomputed_groups(const ParallelPlan& plan, const LayerRun& run) {
  const std::int64_t layers = recomputed_layers(plan, run);
  const std::int64_t group = std::min(layers, plan.recompute_method == RecomputeMethod::Uniform ? plan.recompute_layers : 1);
  const std::int64_t groups = (layers + group - 1) / group;
  return {layers, group, static_cast<double>(groups)};
}

bool is_recomputed(const ParallelPlan& plan, const LayerRun& run) {
  return plan.recompute == Recompute::Full && run.transformer_block;
}

/// When the last layer of a run has its input gradients made: what the weight gradients of the layers before it need, beyond what
/// these have freed.
Bytes waiting_for_weights(const Scenario& scenario, const LayerRun& run, const LayerBytes& one) {
  const Bytes more = std::max(Bytes(), one.for_weights - one.kept);
  if (!is_recomputed(scenario.parallel, run)) return static_cast<double>(run.repeat - 1) * more;
  const RecomputedGroups again = recomputed_groups(scenario.parallel, run);
  const Bytes freed = (again.groups - 1) * layer_input_bytes(scenario, *run.layer);
  const Bytes recomputed = static_cast<double>(again.layers - again.group) * one.for_weights - freed;
  return std::max(Bytes(), recomputed) + static_cast<double>(run.repeat - again.layers) * more;
}

/// A layer that keeps outputs of multiplies and computes the rest again, which stands there whole for one layer at a time.
void add_products(const Scenario& scenario, const LayerRun& run, Bytes one, ChunkActivations& total) {
  const Bytes kept = kept_values(*run.layer, tensor_ranks(scenario)) * size_of(scenario.training.precision);
  const Bytes input = layer_input_bytes(scenario, *run.layer);
  total.kept += static_cast<double>(run.repeat) * (kept + input);
  total.recomputed = std::max(total.recomputed, one - input);
}

/// Each group of layers keeps its input; when it is computed again its layers stand there whole, but for that input.
void add_recomputed(const Scenario& scenario, const LayerRun& run, const LayerBytes& one, ChunkActivations& total) {
  const RecomputedGroups again = recomputed_groups(scenario.parallel, run);
  const Bytes input = layer_input_bytes(scenario, *run.layer);
  total.kept += again.groups * input + static_cast<double>(run.repeat - again.layers) * one.kept;
  total.recomputed = std::max(total.recomputed, static_cast<double>(again.group) * one.kept - input);
}

void add_run(const Scenario& scenario, const LayerRun& run, ChunkActivations& total) {
  const ParallelPlan& plan = scenario.parallel;
  const bool selective = plan.recompute == Recompute::Selective && run.transformer_block;
  const AttentionMemory attention = attention_memory(scenario);
  const LayerBytes one{saved_by(scenario, *run.layer, selective ? AttentionMemory::Fused : attention),
                       needed_by_weight_gradients(scenario, *run.layer)};
  const auto layers = static_cast<double>(run.repeat);
  total.scores += layers * scores_of(scenario, *run.layer);
  total.for_weights += layers * one.for_weights;
  total.in_flight =
      std::max(total.in_flight, gradients_in_flight(scenario, *run.layer) + waiting_for_weights(scenario, run, one));
  if (selective && scenario.stack.selective_recompute == SelectiveRecompute::EverySecondProduct)
    return add_products(scenario, run, one.kept, total);
  if (is_recomputed(plan, run)) return add_recomputed(scenario, run, one, total);
  total.kept += layers * one.kept;
  if (selective) total.recomputed = std::max(total.recomputed, saved_by(scenario, *run.layer, attention) - one.kept);
}

/// What a chunk sends to the next stays on its stage, where the stack does not give it up; the last chunk sends nothing.
Bytes kept_output(const Scenario& scenario, const ModelChunk& chunk, const ChunkActivations& total) {
  if (!scenario.stack.keeps_stage_outputs || scenario.parallel.pipeline == 1 || total.scores > Bytes()) return {};
  for (const LayerRun& run : chunk.runs) {
    if (run.transformer_block) return layer_input_bytes(scenario, *run.layer);
  }
  return {};
}

/// Forward at the end of the pass; backward when its last layer runs, beyond what the others have freed.
HeldByCollectives held_when_fullest(const Scenario& scenario, const ModelChunk& chunk, const ChunkActivations& total) {
  std::int64_t layers = 0;
  for (const LayerRun& run : chunk.runs) layers += run.transformer_block ? run.repeat : 0;
  HeldByCollectives held = held_by_collectives(scenario, chunk);
  if (layers == 0) return held;
  const Bytes freed = total.kept - total.for_weights;
  held.backward = (1 - 1 / static_cast<double>(layers)) * std::max(Bytes(), held.backward - freed);
  return held;
}

/// Tensors hold whole bytes. Whole numbers add up exactly, so that a stage holds to the bit the same after each period.
void round_to_bytes(ChunkActivations& total) {
  for (Bytes* bytes : {&total.kept, &total.scores, &total.loss_copies, &total.recomputed, &total.for_weights, &total.in_flight,
                       &total.held.forward, &total.held.backward})
    *bytes = Bytes(std::round(bytes->value()));
}

}  // namespace

ChunkActivations chunk_activations(const Scenario& scenario, const ModelChunk& chunk) {
  ChunkActivations total;
  for (const LayerRun& run : chunk.runs) add_run(scenario, run, total);
  total.kept += kept_output(scenario, chunk, total);
  total.loss_copies = loss_copies(scenario, total.scores);
  total.held = held_when_fullest(scenario, chunk, total);
  round_to_bytes(total);
  return total;
}

Bytes kept_by_layers(const Scenario& scenario, const std::vector<LayerGroup<Count>>& groups) {
  Bytes total;
  for (const LayerGroup<Count>& group : groups) {
    const Bytes one = saved_by(scenario, group.layer, attention_memory(scenario)) + scores_of(scenario, group.layer);
    total += group.repeat.as_double() * one;
  }
  return total;
}

std::vector<ActivationMoment> activation_timeline(const std::vector<Slot>& slots, const std::vector<ChunkActivations>& by_chunk) {
  std::vector<ActivationMoment> moments;
  moments.reserve(slots.size());
  walk_activations(slots, by_chunk, [&](const ActivationMoment& moment) { moments.push_back(moment); });
  return moments;
}

std::vector<ChunkActivations> stage_activations(const Scenario& scenario, const std::vector<ModelChunk>& chunks, int stage) {
  std::vector<ChunkActivations> activations;
  for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(scenario.parallel.virtual_stages); ++chunk)
    activations.push_back(chunk_activations(scenario, chunks[model_chunk(scenario.parallel, stage, chunk)]));
  return activations;
}

}  // namespace mfusim
