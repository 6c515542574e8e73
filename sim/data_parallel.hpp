// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"
#include "sim/shard_groups.hpp"
#include "sim/step_graph.hpp"

#include <memory>
#include <vector>

namespace mfusim {

/// Parameters of one rank's share of a layer, trainable ones only.
[[nodiscard]] double trainable_parameters(const Layer<Count>& layer, const TensorGroup& group);
/// Sizes of one rank's trained tensors of a layer in the order in which backward completes their gradients.
[[nodiscard]] std::vector<double> gradient_tensors(const Layer<Count>& layer, const TensorGroup& group);
/// Tensors that a layer's trained parameters are stored in: weight and bias apart.
[[nodiscard]] double parameter_tensors(const Layer<Count>& layer);
[[nodiscard]] double parameter_tensors(const ModelChunk& chunk);
/// Parameters of one rank's share of a chunk, and those of them that are trained.
struct ParameterShare {
  double all = 0;
  double trainable = 0;
};
[[nodiscard]] ParameterShare parameters_of(const ModelChunk& chunk, const TensorGroup& group);

/// Bytes of one value of the weights as they are gathered, of the gradients as they are kept, and as they are sent.
[[nodiscard]] Bytes weight_value(const Scenario& scenario);
[[nodiscard]] Bytes gradient_value(const Scenario& scenario);
[[nodiscard]] Bytes reduction_value(const Scenario& scenario);

/// Reduces gradients over the data-parallel group, in buckets, as the backward pass completes them. A bucket closes with the
/// gradients that fill it: what is added at once is never divided.
/// ZeRO-0 all-reduces (each rank sends 2 (n-1)/n of its gradients); ZeRO-1 and 2 reduce-scatter ((n-1)/n) and gather the new
/// weights after the optimizer (sim/shard_groups.hpp). Source: Rajbhandari et al. 2020, arXiv:1910.02054, section 7; Li et al.
/// 2020, arXiv:2006.15704 (PyTorch DDP), section 3.2.
class GradientReduction {
 public:
  /// `rows`: shared with other ranks of the step; null: its own.
  GradientReduction(const Scenario& scenario, StepGraph& graph, int rank, std::shared_ptr<ReductionRowsBySize> rows = nullptr);

  /// `values` gradients are complete when `ready` ends.
  void add(double values, StepTask ready);
  /// Reduces what has not filled a bucket, and all of it where the stack does not overlap (after `backward_end`).
  void finish(StepTask backward_end);
  /// The reductions that the optimizer waits for.
  [[nodiscard]] const std::vector<StepTask>& reduced() const { return reduced_; }

 private:
  void reduce(StepTask ready);

  const Scenario& scenario_;
  StepGraph& graph_;
  int rank_;
  std::shared_ptr<ReductionRowsBySize> rows_;
  double pending_ = 0;
  StepTask last_ready_;
  std::vector<StepTask> reduced_;
};

/// A collective of the data-parallel group as a step on the data stream; zero ranks' worth of work is left out by callers.
[[nodiscard]] Step data_collective(const Scenario& scenario, Collective kind, Bytes message, const std::string& name);

/// Adam's or LAMB's update of one rank's parameters, and the gradient norm before it (memory-bound).
/// Bytes a parameter: sim/update_traffic.hpp.
[[nodiscard]] Step optimizer_step(const Scenario& scenario, double parameters);
[[nodiscard]] Step gradient_norm_step(const Scenario& scenario, double parameters);

}  // namespace mfusim
