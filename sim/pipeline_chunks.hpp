// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/chunk_segments.hpp"
#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"
#include "sim/pipeline_schedule.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace mfusim {

/// What a chunk's passes are made of, priced; `weight_gradient` is empty where `backward` does it all.
struct PipelineChunk {
  Segment forward;
  Segment backward;
  Segment weight_gradient;
  std::vector<double> layer_parameters;  ///< Trainable ones of each layer, in the order in which backward completes them.
  double trainable = 0;                  ///< Parameters of one rank.
  double tensors = 0;                    ///< That hold them.

  [[nodiscard]] const Segment& of(Slot::Kind kind) const {
    if (kind == Slot::Kind::Forward) return forward;
    return kind == Slot::Kind::WeightGradient ? weight_gradient : backward;
  }
};

/// Prices a chunk out of the segments of its layers. Under a schedule that `splits_backward`, weight gradients are a segment of
/// their own.
[[nodiscard]] PipelineChunk price_chunk(const LayerContext& context, ChunkSegments& segments, const ModelChunk& chunk,
                                        bool splits_backward);

/// The chunks of a model, by their place in it: those with the same layers are one (sim/step_library.hpp).
class PipelineChunks {
 public:
  explicit PipelineChunks(std::vector<const PipelineChunk*> chunks) : chunks_(std::move(chunks)) {}

  [[nodiscard]] const PipelineChunk& operator[](std::size_t chunk) const { return *chunks_[chunk]; }
  [[nodiscard]] std::size_t size() const { return chunks_.size(); }

 private:
  std::vector<const PipelineChunk*> chunks_;
};

}  // namespace mfusim
