// SPDX-License-Identifier: Apache-2.0
#include "model/not_modelled.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace mfusim {
namespace {

constexpr std::string_view experts = "a mixture of experts";
constexpr std::string_view mixed_windows = "a model of layers with and without a sliding window";
constexpr std::string_view state_space = "a model with state-space or recurrent layers";
constexpr std::string_view image_prompt = "an image tower that feeds a language model";
constexpr std::string_view fused_towers = "an encoder that fuses image and text";
constexpr std::string_view encoder_decoder = "an encoder with a decoder";
constexpr std::string_view lone_encoder = "a text encoder without another tower";
constexpr std::string_view half_model = "one tower of a two-tower model alone";
constexpr std::string_view convolution = "a convolutional or windowed image tower";
constexpr std::string_view bert_tower = "a BERT as text tower in this format";
constexpr std::string_view scaled_branches = "a model that scales embeddings, branches or logits by constants";

struct Structure {
  std::string_view word, what;
};

/// Types of the transformers library.
constexpr std::array unmodelled_types{Structure{"mixtral", experts},
                                      Structure{"deepseek", experts},
                                      Structure{"deepseek_v2", experts},
                                      Structure{"deepseek_v3", experts},
                                      Structure{"qwen2_moe", experts},
                                      Structure{"qwen3_moe", experts},
                                      Structure{"qwen3_next", experts},
                                      Structure{"olmoe", experts},
                                      Structure{"dbrx", experts},
                                      Structure{"phimoe", experts},
                                      Structure{"llama4", experts},
                                      Structure{"llama4_text", experts},
                                      Structure{"gpt_oss", experts},
                                      Structure{"glm4_moe", experts},
                                      Structure{"granitemoe", experts},
                                      Structure{"grok-1", experts},
                                      Structure{"kimi_k2", experts},
                                      Structure{"arctic", experts},
                                      Structure{"gemma2", mixed_windows},
                                      Structure{"gemma3", mixed_windows},
                                      Structure{"gemma3_text", mixed_windows},
                                      Structure{"cohere2", mixed_windows},
                                      Structure{"olmo3", mixed_windows},
                                      Structure{"ministral", mixed_windows},
                                      Structure{"exaone4", mixed_windows},
                                      Structure{"gpt_neo", mixed_windows},
                                      Structure{"mamba", state_space},
                                      Structure{"mamba2", state_space},
                                      Structure{"falcon_mamba", state_space},
                                      Structure{"falcon_h1", state_space},
                                      Structure{"jamba", state_space},
                                      Structure{"zamba2", state_space},
                                      Structure{"bamba", state_space},
                                      Structure{"rwkv", state_space},
                                      Structure{"recurrent_gemma", state_space},
                                      Structure{"granitemoehybrid", state_space},
                                      Structure{"nemotron_h", state_space},
                                      Structure{"llava", image_prompt},
                                      Structure{"llava_next", image_prompt},
                                      Structure{"llava_onevision", image_prompt},
                                      Structure{"qwen2_vl", image_prompt},
                                      Structure{"qwen2_5_vl", image_prompt},
                                      Structure{"qwen3_vl", image_prompt},
                                      Structure{"mllama", image_prompt},
                                      Structure{"paligemma", image_prompt},
                                      Structure{"idefics2", image_prompt},
                                      Structure{"idefics3", image_prompt},
                                      Structure{"internvl", image_prompt},
                                      Structure{"internvl_chat", image_prompt},
                                      Structure{"pixtral", image_prompt},
                                      Structure{"blip-2", image_prompt},
                                      Structure{"instructblip", image_prompt},
                                      Structure{"blip", fused_towers},
                                      Structure{"flava", fused_towers},
                                      Structure{"bridgetower", fused_towers},
                                      Structure{"vilt", fused_towers},
                                      Structure{"t5", encoder_decoder},
                                      Structure{"mt5", encoder_decoder},
                                      Structure{"bart", encoder_decoder},
                                      Structure{"m2m_100", encoder_decoder},
                                      Structure{"pegasus", encoder_decoder},
                                      Structure{"whisper", encoder_decoder},
                                      Structure{"bert", lone_encoder},
                                      Structure{"roberta", lone_encoder},
                                      Structure{"xlm-roberta", lone_encoder},
                                      Structure{"deberta-v2", lone_encoder},
                                      Structure{"modernbert", lone_encoder},
                                      Structure{"electra", lone_encoder},
                                      Structure{"align", convolution},
                                      Structure{"resnet", convolution},
                                      Structure{"convnext", convolution},
                                      Structure{"efficientnet", convolution},
                                      Structure{"mobilevit", convolution},
                                      Structure{"swin", convolution},
                                      Structure{"swinv2", convolution},
                                      Structure{"chinese_clip", bert_tower},
                                      Structure{"altclip", bert_tower},
                                      Structure{"granite", scaled_branches},
                                      Structure{"cohere", scaled_branches},
                                      Structure{"minicpm", scaled_branches},
                                      Structure{"clip_vision_model", half_model},
                                      Structure{"clip_text_model", half_model},
                                      Structure{"siglip_vision_model", half_model},
                                      Structure{"siglip_text_model", half_model},
                                      Structure{"siglip2", "an image cut into patches of varying number (NaFlex)"}};

/// What the names of models begin with behind their owner, in small letters.
constexpr std::array unmodelled_models{Structure{"mixtral", experts},
                                       Structure{"deepseek-v2", experts},
                                       Structure{"deepseek-v3", experts},
                                       Structure{"deepseek-moe", experts},
                                       Structure{"qwen3-30b-a3b", experts},
                                       Structure{"qwen3-235b-a22b", experts},
                                       Structure{"qwen3-coder", experts},
                                       Structure{"qwen1.5-moe", experts},
                                       Structure{"olmoe", experts},
                                       Structure{"dbrx", experts},
                                       Structure{"llama-4", experts},
                                       Structure{"gpt-oss", experts},
                                       Structure{"kimi-k2", experts},
                                       Structure{"glm-4.5", experts},
                                       Structure{"gemma-2-", mixed_windows},
                                       Structure{"gemma-3-", mixed_windows},
                                       Structure{"c4ai-command", scaled_branches},
                                       Structure{"mamba", state_space},
                                       Structure{"falcon-mamba", state_space},
                                       Structure{"jamba", state_space},
                                       Structure{"mobileclip", convolution},
                                       Structure{"rn50", "a ResNet tower"},
                                       Structure{"rn101", "a ResNet tower"},
                                       Structure{"convnext", "a ConvNeXt tower"},
                                       Structure{"swin", "a Swin tower"}};

/// Words of a name that say how a checkpoint was tuned or packed.
constexpr std::array<std::string_view, 10> tuning_words{"instruct", "chat", "it",  "base", "pt",
                                                        "hf",       "sft",  "dpo", "meta", "deduped"};

std::string small_letters(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// What stands behind the last slash, in small letters.
std::string without_owner(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return small_letters(slash == std::string_view::npos ? name : name.substr(slash + 1));
}

}  // namespace

std::string_view unmodelled_structure(std::string_view model_type) {
  const auto* const found = std::find_if(unmodelled_types.begin(), unmodelled_types.end(),
                                         [&](const Structure& one) { return one.word == model_type; });
  return found == unmodelled_types.end() ? std::string_view{} : found->what;
}

std::string_view unmodelled_structure_of_model(std::string_view name) {
  const std::string word = without_owner(name);
  const auto* const found = std::find_if(unmodelled_models.begin(), unmodelled_models.end(),
                                         [&](const Structure& one) { return word.starts_with(one.word); });
  return found == unmodelled_models.end() ? std::string_view{} : found->what;
}

std::string untuned_name(std::string_view name) {
  const std::string whole = without_owner(name);
  std::string kept;
  for (std::size_t begin = 0, end = 0; begin <= whole.size(); begin = end + 1) {
    end = std::min(whole.find('-', begin), whole.size());
    const std::string word = whole.substr(begin, end - begin);
    if (std::find(tuning_words.begin(), tuning_words.end(), word) != tuning_words.end()) continue;
    kept += (kept.empty() ? "" : "-") + word;
  }
  return kept;
}

}  // namespace mfusim
