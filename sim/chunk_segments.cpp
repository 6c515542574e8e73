// SPDX-License-Identifier: Apache-2.0
#include "sim/chunk_segments.hpp"

namespace mfusim {

const Segment& ChunkSegments::layer_forward(const LayerContext& context, const Layer<Count>* layer, ForwardPurpose purpose) {
  const auto [at, fresh] = forward_.try_emplace({layer, purpose});
  if (fresh) at->second = forward_layer(context, table_, *layer, purpose);
  return at->second;
}

const Segment& ChunkSegments::layer_backward(const LayerContext& context, const Key& key) {
  const auto [at, fresh] = backward_.try_emplace(key);
  if (fresh) {
    LayerContext own = context;
    own.recompute = key.recompute;
    at->second = backward_layer(own, table_, *key.layer, key.part);
  }
  return at->second;
}

const Segment& ChunkSegments::layer_weight_gradient(const LayerContext& context, const Layer<Count>* layer) {
  const auto [at, fresh] = weight_gradient_.try_emplace(layer);
  if (fresh) at->second = weight_gradient_layer(context, table_, *layer);
  return at->second;
}

Segment ChunkSegments::forward(const LayerContext& context, const ModelChunk& chunk, ForwardPurpose purpose) {
  SegmentBuilder builder(table_);
  std::vector<SegmentIndex> output{segment_entry};
  for (const LayerRun& run : chunk.runs) {
    const Segment& layer = layer_forward(context, run.layer, purpose);
    for (std::int64_t i = 0; i < run.repeat; ++i) output = builder.append(layer, output);
  }
  return builder.finish(std::move(output));
}

Segment ChunkSegments::backward(const LayerContext& context, const ModelChunk& chunk, BackwardPart part) {
  SegmentBuilder builder(table_);
  std::vector<SegmentIndex> gradient{segment_entry};
  for (auto run = chunk.runs.rbegin(); run != chunk.runs.rend(); ++run) {
    const std::int64_t recomputed = recomputed_layers(context.recomputed, *run);
    for (std::int64_t i = run->repeat; i-- > 0;) {
      const Key key{run->layer, part, i < recomputed ? context.recompute : Recompute::None};
      gradient = builder.append(layer_backward(context, key), gradient);
    }
  }
  return builder.finish(std::move(gradient));
}

Segment ChunkSegments::backward(const LayerContext& context, const ModelChunk& chunk) {
  return backward(context, chunk, BackwardPart::Whole);
}

Segment ChunkSegments::input_gradient(const LayerContext& context, const ModelChunk& chunk) {
  return backward(context, chunk, BackwardPart::InputGradient);
}

Segment ChunkSegments::weight_gradient(const LayerContext& context, const ModelChunk& chunk) {
  SegmentBuilder builder(table_);
  std::vector<SegmentIndex> done{segment_entry};
  std::vector<SegmentIndex> layer_ends;
  for (auto run = chunk.runs.rbegin(); run != chunk.runs.rend(); ++run) {
    const Segment& layer = layer_weight_gradient(context, run->layer);
    for (std::int64_t i = 0; i < run->repeat; ++i) {
      if (!layer.tasks.empty()) done = builder.append(layer, done);
      layer_ends.push_back(layer.tasks.empty() ? no_task : builder.last_compute());
    }
  }
  Segment segment = builder.finish(std::move(done));
  segment.layer_ends = std::move(layer_ends);
  return segment;
}

}  // namespace mfusim
