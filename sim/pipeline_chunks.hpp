// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"
#include "sim/pipeline_schedule.hpp"

#include <cstddef>
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

/// The chunks of a model; those with the same layers are priced once: first, inner and last chunk.
class PipelineChunks {
 public:
  /// Adds the steps of all segments to `table`. Under a schedule that `splits_backward`, weight gradients are segments of their
  /// own.
  PipelineChunks(const LayerContext& context, StepTable& table, const std::vector<ModelChunk>& chunks, bool splits_backward);

  /// By place in the whole model.
  [[nodiscard]] const PipelineChunk& operator[](std::size_t chunk) const { return kinds_[kind_of_[chunk]]; }
  [[nodiscard]] std::size_t size() const { return kind_of_.size(); }

 private:
  std::vector<PipelineChunk> kinds_;
  std::vector<std::size_t> kind_of_;  ///< By chunk of the whole model.
};

}  // namespace mfusim
