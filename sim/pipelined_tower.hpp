// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/data_parallel.hpp"
#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"
#include "sim/passage_table.hpp"
#include "sim/stage_transfer.hpp"
#include "sim/step_graph.hpp"

#include <optional>
#include <span>
#include <vector>

namespace mfusim {

/// What a slot of a tower's pipeline does. Where features are cached (sim/towers.hpp) the forward pass runs a second time.
enum class TowerPass { Forward, ForwardAgain, Backward };

/// One tower cut into the chunks of a pipeline, stage s on simulated rank `first_rank` + s: its passes and what neighbouring
/// stages send each other.
class PipelinedTower {
 public:
  struct Seat {
    int first_rank = 0;
    std::uint32_t number = 0;  ///< Of the tower.
    std::uint32_t towers = 2;  ///< Of the model: with the number, what the chunk of a task says (sim/towers.hpp).
  };
  /// `view` and `tower` must outlive it.
  PipelinedTower(const Scenario& view, const Tower<Count>& tower, StepGraph& graph, Seat seat);
  PipelinedTower(const PipelinedTower&) = delete;  // placed segments point into it
  PipelinedTower& operator=(const PipelinedTower&) = delete;
  ~PipelinedTower() = default;

  [[nodiscard]] bool frozen() const { return tower_.frozen; }
  /// Of a stage's chunks: the parameters that are trained, and the tensors that hold them.
  [[nodiscard]] double trainable_parameters(int stage) const;
  [[nodiscard]] double tensors(int stage) const;
  [[nodiscard]] Bytes input_bytes() const;  ///< Of one micro-batch.

  /// A pass on its chunk's rank; `passage.chunk` counts through the whole tower.
  PlacedSegment place(TowerPass pass, const Passage& passage, std::span<const StepTask> entry);
  /// The transfer of a placed pass's result to the next stage; nothing at the ends.
  std::optional<StepTask> send(TowerPass pass, const Passage& passage);
  /// Hands the gradients of a placed backward pass to their reduction.
  void reduce(const Passage& passage, GradientReduction& reduction) const;
  /// Once all is placed: passes wait for what their neighbours send.
  void connect();

 private:
  struct Priced {
    Segment forward, again, backward;
  };
  /// Passes of one kind, and their transfers.
  struct Passes {
    PassageTable<PlacedSegment> placed;
    PassageTable<std::optional<StepTask>> sent;
  };
  void price();
  [[nodiscard]] Passes& passes(TowerPass pass) { return passes_[static_cast<std::size_t>(pass)]; }
  [[nodiscard]] const Passes& passes(TowerPass pass) const { return passes_[static_cast<std::size_t>(pass)]; }
  [[nodiscard]] std::uint32_t neighbour(TowerPass pass, std::uint32_t chunk) const;
  [[nodiscard]] StepInstance instance(const Passage& passage) const;
  [[nodiscard]] int rank_of_chunk(std::uint32_t chunk) const;
  [[nodiscard]] const Priced& priced(std::uint32_t chunk) const { return priced_[priced_of_[chunk]]; }

  const Scenario& view_;
  const Tower<Count>& tower_;
  StepGraph& graph_;
  Seat seat_;
  LayerContext context_;
  std::vector<ModelChunk> chunks_;
  std::vector<Priced> priced_;
  std::vector<std::size_t> priced_of_;  ///< By chunk of the tower.
  StageTransfers activations_, gradients_;
  std::vector<Passes> passes_;  ///< By TowerPass.
};

}  // namespace mfusim
