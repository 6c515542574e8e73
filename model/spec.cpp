// SPDX-License-Identifier: Apache-2.0
#include "model/spec.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// The blocks of each tower with the tower's name ("" for a model that is one).
std::vector<std::pair<std::string, const BlockSpec<Count>*>> blocks(const ModelSpec& model) {
  std::vector<std::pair<std::string, const BlockSpec<Count>*>> all;
  const bool one = !is_contrastive(model);
  if (model.vision) all.emplace_back(one ? "" : "vision.", &model.vision->block);
  if (model.text) all.emplace_back(one ? "" : "text.", &model.text->block);
  if (model.caption) all.emplace_back("caption.", &model.caption->block);
  if (model.decoder) all.emplace_back("", &model.decoder->block);
  return all;
}

}  // namespace

bool is_contrastive(const ModelSpec& model) {
  return model.loss == ModelLoss::ContrastiveSoftmax || model.loss == ModelLoss::PairwiseSigmoid;
}

std::vector<SplitSize> tensor_split_sizes(const ModelSpec& model) {
  std::vector<SplitSize> sizes;
  for (const auto& [tower, block] : blocks(model)) {
    sizes.push_back({tower + "heads", block->heads.value()});
    if (block->kv_heads != block->heads) sizes.push_back({tower + "kv_heads", block->kv_heads.value()});
    sizes.push_back({tower + "mlp_size", block->mlp_size.value()});
  }
  return sizes;
}

std::int64_t repeated_layers(const ModelSpec& model) {
  std::int64_t most = 0;
  for (const auto& [tower, block] : blocks(model)) most = std::max(most, block->layers.value());
  return most;
}

}  // namespace mfusim
