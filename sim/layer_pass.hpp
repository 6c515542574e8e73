// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collective.hpp"
#include "sim/kernels.hpp"
#include "sim/layer_nodes.hpp"
#include "sim/model_chunk.hpp"
#include "sim/scenario.hpp"
#include "sim/segment.hpp"

#include <string>
#include <vector>

namespace mfusim {

/// The ranks that divide each sequence (sim/context_parallel.hpp).
struct ContextGroup {
  int ranks = 1;
  ContextExchange exchange = ContextExchange::Ring;
  Group group;
  Group neighbours;
  friend bool operator==(const ContextGroup&, const ContextGroup&) = default;
};

/// Everything that turns a layer into timed steps of one rank.
struct LayerContext {
  KernelContext kernels;
  TensorGroup tensor;
  ContextGroup context;
  const Cluster* cluster = nullptr;
  LaunchMode launch = LaunchMode::Graph;
  bool async_tensor_backward = true;
  int overlap_chunks = 1;  ///< Pieces of an overlapped tensor-parallel collective; 1: not overlapped.
  Recompute recompute = Recompute::None;
  SelectiveRecompute selective_recompute = SelectiveRecompute::Attention;
  RecomputedLayers recomputed;
};

[[nodiscard]] LayerContext layer_context(const Scenario& scenario);
/// Whether equal layers have equal segments in both, on clusters of the same parts.
[[nodiscard]] bool same_segments(const LayerContext& a, const LayerContext& b);

/// The segment of one layer's forward pass. Its steps are named `<layer>.<operator> forward`; with `Purpose::Recompute`
/// they are the second forward pass of activation recomputation and count as such.
enum class ForwardPurpose { First, Recompute };
[[nodiscard]] Segment forward_layer(const LayerContext& context, StepTable& table, const Layer<Count>& layer,
                                    ForwardPurpose purpose);

/// What of a backward pass a segment does: all of it, or the gradients that the layers before wait for (the papers' B). The
/// weight gradients (W) are then a segment of their own.
enum class BackwardPart { Whole, InputGradient };

/// The segment of one layer's backward pass, with the recomputation that the plan asks for in front of it.
/// layer_ends holds the one task after which the layer's gradients (of this part) are complete.
[[nodiscard]] Segment backward_layer(const LayerContext& context, StepTable& table, const Layer<Count>& layer,
                                     BackwardPart part = BackwardPart::Whole);

/// The weight gradients of a layer's linears, last linear first: what BackwardPart::InputGradient leaves to do. With sequence
/// parallelism each gathers its input again, as only a share of it is kept. Empty where the layer has no trained linear.
[[nodiscard]] Segment weight_gradient_layer(const LayerContext& context, StepTable& table, const Layer<Count>& layer);

/// A collective of the tensor group over a tensor of `elements` in the precision of the multiplies.
[[nodiscard]] Step tensor_collective(const LayerContext& context, Collective kind, double elements, const std::string& name);

/// Adds a kernel's step, behind the host's launch of it where the stack launches eagerly.
SegmentIndex add_kernel(const LayerContext& context, SegmentBuilder& segment, Step step, int kernel_launches,
                        const std::vector<SegmentIndex>& after);

}  // namespace mfusim
