// SPDX-License-Identifier: Apache-2.0
#include "sim/model_chunk.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// The group of repeated layers: the one that repeats most, the first of equals.
std::size_t repeated_group(const std::vector<LayerGroup<Count>>& groups) {
  const auto most =
      std::max_element(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.repeat < b.repeat; });
  return static_cast<std::size_t>(most - groups.begin());
}

std::vector<ModelChunk> cut(const std::vector<LayerGroup<Count>>& groups, const std::vector<std::int64_t>& shares) {
  std::vector<ModelChunk> chunks(shares.size());
  if (groups.empty()) return chunks;
  const std::size_t repeated = repeated_group(groups);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i < repeated) chunks.front().runs.push_back({&groups[i].layer, groups[i].repeat.value(), false});
    if (i == repeated) {
      for (std::size_t chunk = 0; chunk < chunks.size(); ++chunk) {
        if (shares[chunk] > 0) chunks[chunk].runs.push_back({&groups[i].layer, shares[chunk], true});
      }
    }
    if (i > repeated) chunks.back().runs.push_back({&groups[i].layer, groups[i].repeat.value(), false});
  }
  return chunks;
}

}  // namespace

std::vector<ModelChunk> cut_into_chunks(const std::vector<LayerGroup<Count>>& groups, int chunks) {
  const Count share = groups.empty() ? Count(0) : groups[repeated_group(groups)].repeat / chunks;
  return cut(groups, std::vector<std::int64_t>(static_cast<std::size_t>(chunks), share.value()));
}

std::vector<ModelChunk> cut_into_chunks(const std::vector<LayerGroup<Count>>& groups, const ParallelPlan& plan) {
  return plan.chunk_layers.empty() ? cut_into_chunks(groups, plan.pipeline * plan.virtual_stages)
                                   : cut(groups, plan.chunk_layers);
}

std::int64_t recomputed_layers(const RecomputedLayers& recomputed, const LayerRun& run) {
  if (recomputed.what == Recompute::None || !run.transformer_block) return 0;
  const bool some = recomputed.what == Recompute::Full && recomputed.method == RecomputeMethod::Block;
  return some ? std::min(recomputed.layers, run.repeat) : run.repeat;
}

std::int64_t recomputed_layers(const ParallelPlan& plan, const LayerRun& run) {
  return recomputed_layers(RecomputedLayers{plan.recompute, plan.recompute_method, plan.recompute_layers}, run);
}

}  // namespace mfusim
