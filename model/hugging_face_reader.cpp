// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/hugging_face.hpp"
#include "model/model_formats.hpp"
#include "model/not_modelled.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {
namespace {

struct Architecture {
  std::string_view type;
  ModelSpec (*read)(Reader&);
  std::string_view classes;  ///< Model classes that the reader stands for, `|` between them.
};

constexpr std::array architectures{Architecture{"clip", read_hf_clip, "CLIPModel"},
                                   Architecture{"siglip", read_hf_siglip, "SiglipModel"},
                                   Architecture{"vit", read_hf_vit, "ViTModel|ViTForImageClassification"},
                                   Architecture{"gpt2", read_hf_gpt2, "GPT2LMHeadModel|GPT2Model"},
                                   Architecture{"gpt_neox", read_hf_gpt_neox, "GPTNeoXForCausalLM|GPTNeoXModel"},
                                   Architecture{"llama", read_hf_llama, "LlamaForCausalLM|LlamaModel|LLaMAForCausalLM"},
                                   Architecture{"mistral", read_hf_mistral, "MistralForCausalLM|MistralModel"},
                                   Architecture{"qwen2", read_hf_qwen2, "Qwen2ForCausalLM|Qwen2Model"},
                                   Architecture{"qwen3", read_hf_qwen3, "Qwen3ForCausalLM|Qwen3Model"},
                                   Architecture{"olmo2", read_hf_olmo2, "Olmo2ForCausalLM|Olmo2Model"},
                                   Architecture{"phi3", read_hf_phi3, "Phi3ForCausalLM|Phi3Model"},
                                   Architecture{"falcon", read_hf_falcon, "FalconForCausalLM|FalconModel"},
                                   Architecture{"mpt", read_hf_mpt, "MPTForCausalLM|MptForCausalLM|MptModel"},
                                   Architecture{"nemotron", read_hf_nemotron, "NemotronForCausalLM|NemotronModel"},
                                   Architecture{"opt", read_hf_opt, "OPTForCausalLM|OPTModel"},
                                   Architecture{"bloom", read_hf_bloom, "BloomForCausalLM|BloomModel"}};

/// Is `word` one of the words that `|` separates?
bool stands_in(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find('|'), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

/// Where a config.json says how many experts a layer has (Mixtral and others; Qwen, OLMoE; DeepSeek).
void refuse_experts(Reader& root) {
  for (const char* const key : {"num_local_experts", "num_experts", "n_routed_experts"}) {
    refuse_if_set(root, key, "a mixture of experts");
  }
}

/// Names no near type: that is another architecture, with other layers.
[[noreturn]] void refuse(Reader& root, std::string_view key, const std::string& got) {
  if (const std::string_view what = unmodelled_structure(got); !what.empty()) {
    root.fail(key, fmt::format("{} is not modelled, got '{}'", what, got));
  }
  std::vector<std::string_view> types;
  types.reserve(architectures.size());
  for (const Architecture& one : architectures) types.push_back(one.type);
  root.fail(key, fmt::format("expected an architecture that is modelled ({}), got '{}'", fmt::join(types, ", "), shown(got)));
}

/// A head or tower of a known type that is no model of its own here.
[[noreturn]] void refuse_class(Reader& root, const Architecture& type, const std::string& got) {
  std::string classes;
  for (const char letter : type.classes) classes += letter == '|' ? std::string(", ") : std::string(1, letter);
  root.fail("architectures", fmt::format("expected an architecture of model_type {} that is modelled ({}), got '{}'", type.type,
                                         classes, shown(got)));
}

const Architecture& by_class(Reader& root) {
  const std::string name = architecture_or(root, "");
  for (const Architecture& one : architectures) {
    if (stands_in(one.classes, name)) return one;
  }
  refuse(root, "architectures", name);
}

const Architecture& by_type(Reader& root) {
  const std::string type = root.word("model_type");
  for (const Architecture& one : architectures) {
    if (one.type != type) continue;
    const std::string name = architecture_or(root, "");
    if (!name.empty() && !stands_in(one.classes, name)) refuse_class(root, one, name);
    return one;
  }
  refuse(root, "model_type", type);
}

}  // namespace

std::string architecture_or(Reader& root, std::string_view fallback) {
  if (!root.has("architectures")) return std::string(fallback);
  const Node& list = root.at("architectures");
  if (list.kind != Node::Kind::Sequence || list.items.size() != 1 || list.items.front().kind != Node::Kind::Scalar) {
    root.fail("architectures", "expected a list of one word, got " + describe(list));
  }
  return list.items.front().text;
}

ModelSpec read_hugging_face_model(Reader root) {
  refuse_experts(root);
  const Architecture& architecture = root.has("model_type") ? by_type(root) : by_class(root);
  return architecture.read(root);
}

}  // namespace mfusim
