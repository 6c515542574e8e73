// SPDX-License-Identifier: Apache-2.0
#include "model/hf_decoder.hpp"

#include "model/config_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mfusim {

Count size_by(Reader& reader, const char* name, const char* other_name, std::int64_t fallback) {
  reader.allow(other_name);
  return reader.has(name) || !reader.has(other_name) ? size_or(reader, name, fallback) : size_of(reader, other_name);
}

DecoderSpec<Count> decoder_of(Count vocabulary, std::optional<Count> length, const BlockSpec<Count>& block) {
  return {.vocabulary = vocabulary,
          .context_length = length,
          .positions = std::nullopt,
          .position_offset = 0,
          .embedding_size = 0,
          .block = block,
          .style = {}};
}

ModelSpec language_model(const DecoderSpec<Count>& decoder) {
  ModelSpec model;
  model.decoder = decoder;
  model.decoder->block.style.mask = AttentionMask::Causal;
  model.loss = ModelLoss::NextToken;
  return model;
}

double rotary_fraction(Reader& root, const char* key, double fallback) {
  std::optional<Reader> rope = root.child_if("rope_parameters");
  if (rope && rope->has("partial_rotary_factor")) return rope->fraction("partial_rotary_factor");
  return root.has(key) ? root.fraction(key) : fallback;
}

void set_rotary(BlockSpec<Count>& block, double fraction) {
  const auto rotated = static_cast<std::int64_t>(std::trunc(block.head_dim.as_double() * fraction));
  block.style.position = rotated == 0 ? AttentionPosition::None : AttentionPosition::Rotary;
  block.position_size = rotated == block.head_dim.value() ? 0 : rotated;  // 0: all of them
}

GroupedHeads read_grouped_heads(Reader& root, Count hidden_size, const HeadDefaults& defaults) {
  const Count heads = size_or(root, "num_attention_heads", defaults.heads);
  const bool follows = !root.has("head_dim") && defaults.head_dim == 0;
  if (follows) check_divides(root, "num_attention_heads", heads, "hidden_size", hidden_size);
  const Count kv_heads = size_or(root, "num_key_value_heads", defaults.kv_heads > 0 ? defaults.kv_heads : heads.value());
  check_divides(root, "num_key_value_heads", kv_heads, "num_attention_heads", heads);
  return {.heads = heads,
          .kv_heads = kv_heads,
          .head_dim = follows ? hidden_size / heads : size_or(root, "head_dim", defaults.head_dim)};
}

std::optional<Count> window_of_layers(Reader& root, std::optional<Count> window) {
  if (!root.has("layer_types")) return window;
  const Node& types = root.at("layer_types");
  if (types.kind != Node::Kind::Sequence || types.items.empty()) {
    root.fail("layer_types", "expected a list with a word for each layer, got " + describe(types));
  }
  const std::string& first = types.items.front().text;
  const auto same = [&](const Node& type) { return type.text == first; };
  if (!std::all_of(types.items.begin(), types.items.end(), same) || (first != "full_attention" && first != "sliding_attention")) {
    root.fail("layer_types", "layers with and without a sliding window in one model are not modelled, got " + describe(types));
  }
  return first == "sliding_attention" ? window : std::nullopt;
}

}  // namespace mfusim
