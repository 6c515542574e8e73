// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/data_parallel.hpp"
#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"
#include "sim/step_graph.hpp"

#include <span>
#include <vector>

namespace mfusim {

/// Where a tower's passes go: a simulated rank, and the queue of its kernels there.
struct TowerSeat {
  int rank = 0;
  std::uint32_t number = 0;  ///< Of the tower: the chunk of its tasks.
  StreamKind kernels = StreamKind::Compute;
};

/// Pixels as 16-bit values and token ids as 64-bit integers: the input of a tower's first layer for one micro-batch.
[[nodiscard]] Bytes input_bytes(const Tower<Count>& tower, DataType precision);

/// The passes of one tower on one simulated rank, by the plan of the tower's view of the job (sim/towers.hpp).
class TowerStep {
 public:
  /// `view` and `tower` must outlive it.
  TowerStep(const Scenario& view, const Tower<Count>& tower, StepGraph& graph, TowerSeat seat);
  TowerStep(const TowerStep&) = delete;  // placed segments point into it
  TowerStep& operator=(const TowerStep&) = delete;
  ~TowerStep() = default;

  [[nodiscard]] bool frozen() const { return tower_.frozen; }
  [[nodiscard]] double trainable_parameters() const { return parameters_of(chunk_, context_.tensor).trainable; }
  [[nodiscard]] double tensors() const { return parameter_tensors(chunk_); }
  [[nodiscard]] Bytes input_bytes() const { return mfusim::input_bytes(tower_, view_.training.precision); }

  /// One micro-batch forward; gives what its features wait for. Where gradients are accumulated nothing is kept for backward.
  std::vector<StepTask> forward(std::uint32_t micro_batch, std::span<const StepTask> ready);
  /// The same again for the sake of backward: counted as recomputation.
  std::vector<StepTask> forward_again(std::uint32_t micro_batch, std::span<const StepTask> ready);
  /// One micro-batch backward from the gradient of its features.
  std::vector<StepTask> backward(std::uint32_t micro_batch, std::span<const StepTask> gradient);
  /// Hands the gradients of the last backward pass to their reduction; gives the end of that pass.
  StepTask reduce(GradientReduction& reduction) const;

 private:
  void price();
  void move_kernels(std::size_t first_row);

  const Scenario& view_;
  const Tower<Count>& tower_;
  StepGraph& graph_;
  TowerSeat seat_;
  LayerContext context_;
  ModelChunk chunk_;
  Segment forward_, again_, backward_;
  PlacedSegment last_backward_;
};

}  // namespace mfusim
