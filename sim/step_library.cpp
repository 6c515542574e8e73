// SPDX-License-Identifier: Apache-2.0
#include "sim/step_library.hpp"

#include "sim/pipeline_schedule.hpp"

#include <utility>

namespace mfusim {

StepLibrary::StepLibrary(const Scenario& scenario, Work<Count> work, std::shared_ptr<PipelineWirings> wirings)
    : context_(layer_context(scenario)),
      work_(std::move(work)),
      segments_(table_),
      capacities_(Contention(scenario.cluster).capacities()),
      folds_(Contention(scenario.cluster)),
      wirings_(wirings == nullptr ? std::make_shared<PipelineWirings>() : std::move(wirings)) {}

bool StepLibrary::holds(const Scenario& scenario) const {
  return Contention(scenario.cluster).capacities() == capacities_ && same_segments(context_, layer_context(scenario));
}

const PipelineChunk& StepLibrary::priced(const LayerContext& context, const ModelChunk& chunk, bool splits_backward) {
  ChunkKey key{{}, splits_backward};
  for (const LayerRun& run : chunk.runs) key.first.emplace_back(run.layer, run.repeat);
  const auto at = chunks_.find(key);
  if (at != chunks_.end()) return at->second;
  return chunks_.emplace(std::move(key), price_chunk(context, segments_, chunk, splits_backward)).first->second;
}

void StepLibrary::forget_chunks() {
  folds_.forget_outcomes();
  chunks_.clear();
}

PipelineChunks StepLibrary::chunks(const Scenario& scenario, const std::vector<ModelChunk>& chunks) {
  const LayerContext context = layer_context(scenario);
  const bool splits_backward = schedule_kind(scenario.parallel.schedule).splits_backward;
  std::vector<const PipelineChunk*> result;
  result.reserve(chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const bool as_before = i > 0 && chunks[i].runs == chunks[i - 1].runs;
    result.push_back(as_before ? result.back() : &priced(context, chunks[i], splits_backward));
  }
  return PipelineChunks(std::move(result));
}

}  // namespace mfusim
