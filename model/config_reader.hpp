// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "model/spec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mfusim {

/// Reading helpers for published configuration files. Their libraries treat null as "not given"; every size is limited
/// to 2^31 - 1, so that a product of two still fits 64 bits (longer products are checked where they are formed).
constexpr std::int64_t largest_size = 2147483647;

/// A required size.
[[nodiscard]] Count size_of(Reader& reader, std::string_view key);
/// A size whose library has a default; null counts as missing.
[[nodiscard]] Count size_or(Reader& reader, std::string_view key, std::int64_t fallback);
/// A size, if there is one; null counts as missing.
[[nodiscard]] std::optional<Count> size_if(Reader& reader, std::string_view key);
[[nodiscard]] bool flag_or(Reader& reader, std::string_view key, bool fallback);
[[nodiscard]] std::string word_or(Reader& reader, std::string_view key, std::string_view fallback);
/// A dropout probability: is there dropout in training? Refuses what is no number in 0..1.
[[nodiscard]] bool drops(Reader& reader, std::string_view key, double fallback);

/// An MLP width given as a multiple of the width: truncated, as the libraries do (int(width * ratio)).
[[nodiscard]] Count mlp_size_of(Reader& reader, std::string_view key, Count width, double fallback);

/// Throws InputError `divisor_key (4) does not divide key (10)`, at `divisor_key`.
void check_divides(Reader& reader, std::string_view divisor_key, Count divisor, std::string_view key, Count value);

/// The nonlinearities by the names that Hugging Face gives them.
[[nodiscard]] ActivationKind activation_or(Reader& reader, std::string_view key, std::string_view fallback);

/// Refuses a structure that is not modelled, by name, unless the key is absent, null or false.
void refuse_if_set(Reader& reader, std::string_view key, std::string_view what);

/// Plain multi-head sizes: kv_heads = heads, head_dim = hidden_size / heads.
[[nodiscard]] BlockSpec<Count> multi_head_block(Count layers, Count hidden_size, Count heads, Count mlp_size);

}  // namespace mfusim
