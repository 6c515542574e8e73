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

}  // namespace

std::vector<ModelChunk> cut_into_chunks(const std::vector<LayerGroup<Count>>& groups, int chunks) {
  std::vector<ModelChunk> cut(static_cast<std::size_t>(chunks));
  if (groups.empty()) return cut;
  const std::size_t repeated = repeated_group(groups);
  const Count share = groups[repeated].repeat / chunks;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i < repeated) cut.front().runs.push_back({&groups[i].layer, groups[i].repeat.value(), false});
    if (i == repeated) {
      for (ModelChunk& chunk : cut) chunk.runs.push_back({&groups[i].layer, share.value(), true});
    }
    if (i > repeated) cut.back().runs.push_back({&groups[i].layer, groups[i].repeat.value(), false});
  }
  return cut;
}

}  // namespace mfusim
