// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/model_chunk.hpp"
#include "sim/scenario.hpp"
#include "sim/shard.hpp"
#include "tests/sim/caching_allocator.hpp"

#include <map>
#include <vector>

namespace mfusim::tests {

/// Passes of one chunk of transformer layers as a sequence of tensors that come and go, each alive for as long as something still
/// needs it: an oracle for sim/activation_memory.hpp, sim/gradient_memory.hpp and sim/collective_memory.hpp, which know sums
/// only.
///
/// Forward an operator allocates its output; its input lives on where the backward pass needs it. Backward it allocates the
/// gradient of its input and then lets go of what it kept and of its output's gradient. Residual additions pass a gradient on;
/// where two meet, their sum is a new tensor. With sequence parallelism the whole tensor of a split region's edge stands
/// beside one rank's share. What a collective on another stream was recorded to use lives on to the end of the pass (stack key
/// recorded_collectives).
/// Layers keep all or, with full recomputation, their input. Not here: embedding and logits, eager kernels.
class ReplayedPasses {
 public:
  /// All of them must outlive it.
  ReplayedPasses(const Scenario& scenario, const ModelChunk& chunk, CachingAllocator& allocator);

  void forward(std::uint32_t micro_batch);
  void backward(std::uint32_t micro_batch);

 private:
  using Tensors = std::vector<Tensor>;
  /// What the operators of a layer keep, each its own.
  using Kept = std::vector<Tensors>;
  struct Values {
    Tensor input;
    Tensors outputs;
  };

  [[nodiscard]] Tensor values(double count);  ///< In the step's precision.
  [[nodiscard]] Tensor mask(double count);    ///< A byte each.
  void record(Tensor tensor, bool asynchronous);
  [[nodiscard]] bool computes_again() const { return scenario_.parallel.recompute == Recompute::Full; }
  [[nodiscard]] double scores(const Attention<Count>& attention) const;
  void forward_scores(const Attention<Count>& attention, Tensors& kept);
  [[nodiscard]] Tensor backward_scores(const Attention<Count>& attention, Tensors& kept);
  [[nodiscard]] Tensor forward_operator(const Operator<Count>& op, const Tensor& input, Tensors& kept);
  [[nodiscard]] Tensor forward_linear(const Operator<Count>& op);
  [[nodiscard]] Tensor forward_layer(const Layer<Count>& layer, Tensor input, Kept& kept);
  [[nodiscard]] Tensor backward_operator(const Operator<Count>& op, Tensor gradient, Tensors& kept);
  [[nodiscard]] Tensor backward_linear(const Operator<Count>& op, Tensor gradient, Tensors& kept);
  [[nodiscard]] Tensor backward_layer(const Layer<Count>& layer, Tensor gradient, Kept& kept);
  void add_gradient(const Layer<Count>& layer, int of, Tensor gradient, Values& gradients);

  const Scenario& scenario_;
  TensorGroup group_;
  CachingAllocator& allocator_;
  std::vector<const Layer<Count>*> layers_;
  double stream_values_ = 0;                              ///< Of the residual stream between layers, on one rank.
  std::map<std::uint32_t, std::vector<Kept>> in_flight_;  ///< By micro-batch: what each layer keeps.
  Tensors recorded_;                                      ///< Given up, but in use by a collective.
};

}  // namespace mfusim::tests
