// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"

#include <compare>
#include <map>

namespace mfusim {

/// Builds the segments of whole chunks out of the segments of their layers; each distinct layer is priced once.
class ChunkSegments {
 public:
  explicit ChunkSegments(StepTable& table) : table_(table) {}

  /// `context`: of all calls the same, or one of same_segments().
  [[nodiscard]] Segment forward(const LayerContext& context, const ModelChunk& chunk,
                                ForwardPurpose purpose = ForwardPurpose::First);
  [[nodiscard]] Segment backward(const LayerContext& context, const ModelChunk& chunk);
  /// The halves of a backward pass: the gradients that the chunk before waits for, and those of the weights. Both have one layer
  /// end a layer; in the second it is no_task where the layer's gradients are complete with the first.
  [[nodiscard]] Segment input_gradient(const LayerContext& context, const ModelChunk& chunk);
  [[nodiscard]] Segment weight_gradient(const LayerContext& context, const ModelChunk& chunk);

 private:
  /// A layer's segments by what they do.
  struct Key {
    const Layer<Count>* layer = nullptr;
    BackwardPart part = BackwardPart::Whole;
    Recompute recompute = Recompute::None;
    auto operator<=>(const Key&) const = default;
  };
  const Segment& layer_forward(const LayerContext& context, const Layer<Count>* layer, ForwardPurpose purpose);
  const Segment& layer_backward(const LayerContext& context, const Key& key);
  const Segment& layer_weight_gradient(const LayerContext& context, const Layer<Count>* layer);
  Segment backward(const LayerContext& context, const ModelChunk& chunk, BackwardPart part);

  StepTable& table_;
  std::map<std::pair<const Layer<Count>*, ForwardPurpose>, Segment> forward_;
  std::map<Key, Segment> backward_;
  std::map<const Layer<Count>*, Segment> weight_gradient_;
};

}  // namespace mfusim
