// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"
#include "base/reader.hpp"
#include "model/spec.hpp"

#include <string>
#include <string_view>

namespace mfusim {

/// Readers of Hugging Face configurations by `model_type`. Defaults are those of the transformers library's configuration
/// classes. As there, keys that a class does not use are passed over; structures that change the work and are not modelled
/// are refused by name.
[[nodiscard]] ModelSpec read_hf_clip(Reader& root);
[[nodiscard]] ModelSpec read_hf_siglip(Reader& root);
[[nodiscard]] ModelSpec read_hf_vit(Reader& root);
[[nodiscard]] ModelSpec read_hf_gpt2(Reader& root);
[[nodiscard]] ModelSpec read_hf_gpt_neox(Reader& root);
[[nodiscard]] ModelSpec read_hf_llama(Reader& root);
[[nodiscard]] ModelSpec read_hf_mistral(Reader& root);
[[nodiscard]] ModelSpec read_hf_qwen2(Reader& root);
[[nodiscard]] ModelSpec read_hf_qwen3(Reader& root);
[[nodiscard]] ModelSpec read_hf_olmo2(Reader& root);
[[nodiscard]] ModelSpec read_hf_phi3(Reader& root);
[[nodiscard]] ModelSpec read_hf_falcon(Reader& root);
[[nodiscard]] ModelSpec read_hf_mpt(Reader& root);
[[nodiscard]] ModelSpec read_hf_nemotron(Reader& root);
[[nodiscard]] ModelSpec read_hf_opt(Reader& root);
[[nodiscard]] ModelSpec read_hf_bloom(Reader& root);

/// The one word of the list `architectures`, or `fallback` where there is none.
[[nodiscard]] std::string architecture_or(Reader& root, std::string_view fallback);

/// The configuration of one tower. Where `<key>_dict` is there it alone counts, over the class defaults: transformers
/// completes it with the defaults and then overwrites `<key>` with all of it. Neither: all defaults.
[[nodiscard]] const Node& tower_config(Reader& root, const std::string& key);

}  // namespace mfusim
