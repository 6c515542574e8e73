// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/collective_memory.hpp"
#include "sim/model_chunk.hpp"
#include "sim/pipeline_schedule.hpp"

#include <span>
#include <vector>

namespace mfusim {

/// What the activations of one micro-batch in one chunk hold on one rank.
struct ChunkActivations {
  Bytes kept;         ///< From forward to backward: what each operator keeps, or the inputs of recomputed layers.
  Bytes scores;       ///< Beside it, fp32 scores of the loss where the chunk ends with it.
  Bytes loss_copies;  ///< While the loss runs forward: its logits as they came and once more in fp32, beside the scores.
  /// While backward runs, beyond what is kept: the group of layers, or the core of one layer's attention, that is computed again
  /// at once.
  Bytes recomputed;
  Bytes for_weights;  ///< From input to weight gradients, where these come later: inputs and output gradients of the linears.
  /// While backward runs: gradients on both sides of its largest kernel (sim/gradient_memory.hpp), and what the weight gradients
  /// of layers before it wait for beyond what those have freed.
  Bytes in_flight;
  HeldByCollectives held;  ///< Not to be handed out again yet, beyond what a pass has freed (sim/collective_memory.hpp).
  [[nodiscard]] Bytes all() const { return kept + scores; }
};

/// By what each operator keeps, and the output of the chunk where the stack keeps it until its gradient comes: Korthikanti et al.
/// 2022, arXiv:2205.05198, section 4, equations 1-6; between the halves of a split backward pass: Qi et al. 2024,
/// arXiv:2401.10241, table 1. With sequence parallelism the inputs of split regions are kept as a share and gathered again.
[[nodiscard]] ChunkActivations chunk_activations(const Scenario& scenario, const ModelChunk& chunk);
/// The same of single layers that nothing recomputes: the head of a two-tower model.
[[nodiscard]] Bytes kept_by_layers(const Scenario& scenario, const std::vector<LayerGroup<Count>>& groups);

/// What is alive while a slot runs, at its fullest.
struct ActivationMoment {
  std::size_t slot = 0;  ///< Place in the stage's order.
  Bytes kept;
  Bytes scores;
  Bytes recomputed;
  Bytes in_flight;
  Bytes held_back;  ///< Beside tensors: what collectives hold beyond what the slot has freed.
  Bytes after;      ///< What stays alive when the slot has ended.
  [[nodiscard]] Bytes all() const { return kept + scores + recomputed + in_flight; }
};

/// Walks a stage's slots and shows each moment to `visit`: a forward pass adds what its chunk keeps; a backward pass adds what it
/// recomputes and then leaves nothing, or, where it only makes input gradients, what the weight gradients need, until those are
/// done.
template <class Visit>
void walk_activations(std::span<const Slot> slots, const std::vector<ChunkActivations>& by_chunk, Visit visit) {
  Bytes kept;
  Bytes scores;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const ChunkActivations& one = by_chunk[slots[i].chunk];
    const Slot::Kind kind = slots[i].kind;
    ActivationMoment moment;
    moment.slot = i;
    if (kind == Slot::Kind::Forward) {
      kept += one.kept;
      scores += one.scores;
      moment.in_flight = one.loss_copies;
      moment.held_back = one.held.forward;
    }
    moment.kept = kept;
    moment.scores = scores;
    if (kind == Slot::Kind::Backward || kind == Slot::Kind::InputGradient) {
      moment.recomputed = one.recomputed;
      moment.in_flight = one.in_flight;
      moment.held_back = one.held.backward;
      kept -= one.kept;
      scores -= one.scores;
    }
    if (kind == Slot::Kind::InputGradient) kept += one.for_weights;
    if (kind == Slot::Kind::WeightGradient) kept -= one.for_weights;
    moment.after = kept + scores;
    visit(moment);
  }
}

/// The moments of a whole walk.
[[nodiscard]] std::vector<ActivationMoment> activation_timeline(const std::vector<Slot>& slots,
                                                                const std::vector<ChunkActivations>& by_chunk);

/// The activations of each chunk of a stage, in the stage's own order of them.
[[nodiscard]] std::vector<ChunkActivations> stage_activations(const Scenario& scenario, const std::vector<ModelChunk>& chunks,
                                                              int stage);

}  // namespace mfusim
