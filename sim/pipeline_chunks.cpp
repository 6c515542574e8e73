// SPDX-License-Identifier: Apache-2.0
#include "sim/pipeline_chunks.hpp"

#include "sim/chunk_segments.hpp"
#include "sim/data_parallel.hpp"

#include <map>
#include <utility>

namespace mfusim {
namespace {

std::vector<double> layer_parameters(const ModelChunk& chunk, const TensorGroup& group) {
  std::vector<double> values;
  for (auto run = chunk.runs.rbegin(); run != chunk.runs.rend(); ++run)
    values.insert(values.end(), static_cast<std::size_t>(run->repeat), trainable_parameters(*run->layer, group));
  return values;
}

PipelineChunk priced(ChunkSegments& segments, const ModelChunk& chunk, const TensorGroup& group, bool splits_backward) {
  PipelineChunk result{.forward = segments.forward(chunk),
                       .backward = splits_backward ? segments.input_gradient(chunk) : segments.backward(chunk),
                       .weight_gradient = {},
                       .layer_parameters = layer_parameters(chunk, group),
                       .trainable = parameters_of(chunk, group).trainable,
                       .tensors = parameter_tensors(chunk)};
  if (splits_backward) result.weight_gradient = segments.weight_gradient(chunk);
  return result;
}

}  // namespace

PipelineChunks::PipelineChunks(const LayerContext& context, StepTable& table, const std::vector<ModelChunk>& chunks,
                               bool splits_backward) {
  ChunkSegments segments(context, table);
  std::map<std::vector<std::pair<const Layer<Count>*, std::int64_t>>, std::size_t> known;
  for (const ModelChunk& chunk : chunks) {
    std::vector<std::pair<const Layer<Count>*, std::int64_t>> key;
    for (const LayerRun& run : chunk.runs) key.emplace_back(run.layer, run.repeat);
    const auto [at, fresh] = known.try_emplace(std::move(key), kinds_.size());
    if (fresh) kinds_.push_back(priced(segments, chunk, context.tensor, splits_backward));
    kind_of_.push_back(at->second);
  }
}

}  // namespace mfusim
