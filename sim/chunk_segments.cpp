// SPDX-License-Identifier: Apache-2.0
#include "sim/chunk_segments.hpp"

namespace mfusim {

const Segment& ChunkSegments::layer_forward(const Layer<Count>* layer, ForwardPurpose purpose) {
  const auto [at, fresh] = forward_.try_emplace({layer, purpose});
  if (fresh) at->second = forward_layer(context_, table_, *layer, purpose);
  return at->second;
}

const Segment& ChunkSegments::layer_backward(const LayerRun& run) {
  const auto [at, fresh] = backward_.try_emplace(run.layer);
  if (fresh) {
    LayerContext context = context_;
    if (!run.transformer_block) context.recompute = Recompute::None;
    at->second = backward_layer(context, table_, *run.layer);
  }
  return at->second;
}

Segment ChunkSegments::forward(const ModelChunk& chunk, ForwardPurpose purpose) {
  SegmentBuilder builder(table_);
  std::vector<SegmentIndex> output{segment_entry};
  for (const LayerRun& run : chunk.runs) {
    const Segment& layer = layer_forward(run.layer, purpose);
    for (std::int64_t i = 0; i < run.repeat; ++i) output = builder.append(layer, output);
  }
  return builder.finish(std::move(output));
}

Segment ChunkSegments::backward(const ModelChunk& chunk) {
  SegmentBuilder builder(table_);
  std::vector<SegmentIndex> gradient{segment_entry};
  for (auto run = chunk.runs.rbegin(); run != chunk.runs.rend(); ++run) {
    const Segment& layer = layer_backward(*run);
    for (std::int64_t i = 0; i < run->repeat; ++i) gradient = builder.append(layer, gradient);
  }
  return builder.finish(std::move(gradient));
}

}  // namespace mfusim
