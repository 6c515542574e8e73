// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"

#include <map>
#include <utility>

namespace mfusim {

/// Builds the segments of whole chunks out of the segments of their layers; each distinct layer is priced once.
class ChunkSegments {
 public:
  ChunkSegments(const LayerContext& context, StepTable& table) : context_(context), table_(table) {}

  [[nodiscard]] Segment forward(const ModelChunk& chunk, ForwardPurpose purpose = ForwardPurpose::First);
  [[nodiscard]] Segment backward(const ModelChunk& chunk);

 private:
  const Segment& layer_forward(const Layer<Count>* layer, ForwardPurpose purpose);
  const Segment& layer_backward(const LayerRun& run);

  const LayerContext& context_;
  StepTable& table_;
  std::map<std::pair<const Layer<Count>*, ForwardPurpose>, Segment> forward_;
  std::map<const Layer<Count>*, Segment> backward_;
};

}  // namespace mfusim
