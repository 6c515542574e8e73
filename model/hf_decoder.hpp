// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "model/spec.hpp"

#include <cstdint>
#include <optional>

namespace mfusim {

/// What the readers of Hugging Face's decoder-only language models share.

/// The first of two names of one key (transformers' attribute maps), or its default.
[[nodiscard]] Count size_by(Reader& reader, const char* name, const char* other_name, std::int64_t fallback);

/// A decoder around `block`; `length` is the model's own sequence length, if it has one.
[[nodiscard]] DecoderSpec<Count> decoder_of(Count vocabulary, std::optional<Count> length, const BlockSpec<Count>& block);

/// A causal decoder trained on its next token.
[[nodiscard]] ModelSpec language_model(const DecoderSpec<Count>& decoder);

/// The share of each head's values that is rotated: `key`, or `partial_rotary_factor` of the mapping `rope_parameters`.
[[nodiscard]] double rotary_fraction(Reader& root, const char* key, double fallback);

/// Sets rotary positions on `fraction` of each head's values, truncated, as transformers does (int(head_dim * fraction)).
void set_rotary(BlockSpec<Count>& block, double fraction);

/// Defaults of a configuration class; 0: kv_heads as many as heads, head_dim = hidden_size / heads.
struct HeadDefaults {
  std::int64_t heads, kv_heads, head_dim;
};
struct GroupedHeads {
  Count heads, kv_heads, head_dim;
};
/// Heads, key and value heads and the width of a head. Refuses what does not divide.
[[nodiscard]] GroupedHeads read_grouped_heads(Reader& root, Count hidden_size, const HeadDefaults& defaults);

/// The window of all layers, if they have one: `window` where every layer of the list `layer_types` is sliding_attention or
/// where there is no list, none where every layer is full_attention. Refuses layers of both kinds.
[[nodiscard]] std::optional<Count> window_of_layers(Reader& root, std::optional<Count> window);

}  // namespace mfusim
