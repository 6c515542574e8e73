// SPDX-License-Identifier: Apache-2.0
#include "sim/pipeline_chunks.hpp"

#include "sim/data_parallel.hpp"

namespace mfusim {
namespace {

std::vector<double> layer_parameters(const ModelChunk& chunk, const TensorGroup& group) {
  std::vector<double> values;
  for (auto run = chunk.runs.rbegin(); run != chunk.runs.rend(); ++run)
    values.insert(values.end(), static_cast<std::size_t>(run->repeat), trainable_parameters(*run->layer, group));
  return values;
}

}  // namespace

PipelineChunk price_chunk(const LayerContext& context, ChunkSegments& segments, const ModelChunk& chunk, bool splits_backward) {
  PipelineChunk result{.forward = segments.forward(context, chunk),
                       .backward = splits_backward ? segments.input_gradient(context, chunk) : segments.backward(context, chunk),
                       .weight_gradient = {},
                       .layer_parameters = layer_parameters(chunk, context.tensor),
                       .trainable = parameters_of(chunk, context.tensor).trainable,
                       .tensors = parameter_tensors(chunk)};
  if (splits_backward) result.weight_gradient = segments.weight_gradient(context, chunk);
  return result;
}

}  // namespace mfusim
