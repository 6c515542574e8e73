// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"
#include "base/input_error.hpp"
#include "model/flops_report.hpp"
#include "model/read_model.hpp"
#include "tests/catch.hpp"

#include <string>

namespace mfusim {
namespace {

/// What reading `text` as JSON complains of.
std::string complaint(const std::string& text) {
  try {
    static_cast<void>(read_model_config(parse_json(text, "config.json"), "test"));
  } catch (const InputError& error) {
    return error.what();
  }
  return "no complaint";
}

const std::string text_tower = R"("text_cfg": {"width": 512, "heads": 8, "layers": 12})";

std::string open_clip(const std::string& vision) {
  return R"({"embed_dim": 512, "vision_cfg": )" + vision + ", " + text_tower + "}";
}

struct Row {
  std::string config, message;
};

}  // namespace

TEST_CASE("wrong model configurations are refused with line, key, rule and value", "[unit]") {
  const Row row = GENERATE(
      Row{R"({"model_type": "clip", "vision_config": {"num_attention_heads": 5}})",
          "config.json:1: vision_config.num_attention_heads: 5 does not divide vision_config.hidden_size (768)"},
      Row{R"({"model_type": "clip", "text_config_dict": {"hidden_size": -1}})",
          "config.json:1: text_config_dict.hidden_size: expected a positive integer, got '-1'"},
      Row{R"({"model_type": "clip", "text_config": {"hidden_size": "512"}})",
          "text_config.hidden_size: expected a positive integer, got the text '512'"},
      Row{R"({"model_type": "clip", "text_config": []})", "text_config: expected a mapping, got a list"},
      Row{R"({"model_type": "clip", "vision_config": {"patch_size": 15}})",
          "vision_config.patch_size: 15 does not divide vision_config.image_size (224)"},
      Row{R"({"model_type": "clip", "vision_config": {"hidden_size": 99999999999999999999}})", "expected a positive integer"},
      Row{R"({"model_type": "clip", "vision_config": {"hidden_size": 768000000000, "num_attention_heads": 12}})",
          "expected at most 2147483647"},
      Row{R"({"model_type": "clip", "vision_config": {"hidden_act": "mish"}})", "vision_config.hidden_act: expected one of"},
      Row{R"({"model_type": "gptj"})", "model_type: expected an architecture that is modelled (clip, siglip, vit,"},
      Row{R"({"architectures": ["ResNetForImageClassification"]})", "architectures: expected an architecture that is modelled"},
      Row{R"({"model_type": "llama", "architectures": ["LlamaForSequenceClassification"]})",
          "architectures: expected an architecture of model_type llama that is modelled (LlamaForCausalLM, LlamaModel,"},
      Row{R"({"model_type": "llama", "num_key_value_heads": 5})",
          "num_key_value_heads: 5 does not divide num_attention_heads (32)"},
      Row{R"({"model_type": "gpt2", "n_head": 7})", "n_head: 7 does not divide n_embd (768)"},
      Row{R"({"model_type": "mistral", "num_local_experts": 8})", "num_local_experts: a mixture of experts is not modelled"},
      Row{R"({"model_type": "mixtral", "num_local_experts": 8})",
          "num_local_experts: a mixture of experts is not modelled, got '8'"},
      Row{R"({"model_type": "deepseek_v3", "n_routed_experts": 256})", "n_routed_experts: a mixture of experts is not modelled"},
      Row{R"({"model_type": "llama", "n_routed_experts": 8})", "n_routed_experts: a mixture of experts is not modelled, got '8'"},
      Row{R"({"model_type": "gemma2"})",
          "model_type: a model of layers with and without a sliding window is not modelled, got 'gemma2'"},
      Row{R"({"model_type": "siglip2"})", "model_type: an image cut into patches of varying number (NaFlex) is not modelled"},
      Row{R"({"model_type": "clip_vision_model"})", "model_type: one tower of a two-tower model alone is not modelled"},
      Row{R"({"model_type": "mistral", "layer_types": ["sliding_attention", "full_attention"]})",
          "layer_types: layers with and without a sliding window in one model are not modelled"},
      Row{R"({"model_type": "opt", "layer_norm_elementwise_affine": false})",
          "layer_norm_elementwise_affine: layer norms without learned gain and shift are not modelled"},
      Row{R"({"model_type": "mpt", "attn_config": {"alibi": false}})",
          "attn_config.alibi: other positions than ALiBi are not modelled"},
      Row{R"({"model_type": "mpt", "attn_config": {"qk_ln": true}})", "attn_config.qk_ln: a norm on queries and keys"},
      Row{R"({"model_type": "falcon", "new_decoder_architecture": true, "num_kv_heads": 5})",
          "num_kv_heads: 5 does not divide num_attention_heads (71)"},
      Row{R"({"hello": 1})", "expected a model configuration"}, Row{"[1, 2]", "expected a mapping, got a list"});
  CAPTURE(row.config);
  CHECK_THAT(complaint(row.config), ContainsSubstring(row.message));
}

TEST_CASE("wrong configurations of open_clip are refused with key, rule and value", "[unit]") {
  const Row row = GENERATE(
      Row{open_clip(R"({"layers": [3, 4, 6, 3], "width": 64, "patch_size": null})"),
          "vision_cfg.layers: a list of layers is a ResNet"},
      Row{open_clip(R"({"timm_model_name": "convnext_base"})"), "vision_cfg.timm_model_name: convnext towers are not modelled"},
      Row{open_clip(R"({"timm_model_name": "swin_base_patch4_window7_224"})"),
          "vision_cfg.timm_model_name: swin towers are not modelled"},
      Row{open_clip(R"({"width": 768, "head_width": 100})"), "vision_cfg.head_width: 100 does not divide vision_cfg.width (768)"},
      Row{open_clip(R"({"image_siez": 224})"), "vision_cfg.image_siez: unknown key; did you mean 'image_size'?"},
      Row{open_clip(R"({"mlp_ratio": 0})"), "vision_cfg.mlp_ratio: expected a positive number, got '0'"},
      Row{open_clip(R"({"mlp_ratio": 1e30})"), "vision_cfg.mlp_ratio: the MLP would be"},
      Row{open_clip(R"({"patch_dropout": 1.5})"), "vision_cfg.patch_dropout: expected a number from 0 to 1"},
      Row{R"({"embed_dim": 512, "vision_cfg": {}})", "config.json:1: text_cfg: missing"},
      Row{R"({"vision_cfg": {}, "text_cfg": {}})", "embed_dim: missing"},
      Row{R"({"embed_dim": 8, "vision_cfg": {}, "text_cfg": {"hf_model_name": "bert-base-uncased"}})",
          "text_cfg.hf_model_name: expected a text encoder that is known"});
  CAPTURE(row.config);
  CHECK_THAT(complaint(row.config), ContainsSubstring(row.message));
}

TEST_CASE("an unknown model is refused with the nearest name of the catalog", "[unit]") {
  CHECK_THROWS_WITH(load_model("openai/clip-vit-large-patch14-335"),
                    ContainsSubstring("did you mean 'openai/clip-vit-large-patch14-336'?"));
  CHECK_THROWS_WITH(load_model("gpt3-175b"), ContainsSubstring("did you mean 'mlcommons/gpt3-175b'?"));
  CHECK_THROWS_WITH(load_model("nowhere/config.json"), ContainsSubstring("nowhere/config.json: no such file"));
}

TEST_CASE("an input that the model cannot take is refused", "[unit]") {
  const ModelSpec clip = load_model("ViT-B-32");
  InputShape input;
  SECTION("more tokens than positions") {
    input.text_length = Count(78);
    CHECK_THROWS_WITH(count_flops(clip, input), ContainsSubstring("text_length: at most 77"));
  }
  SECTION("an image that the patches do not divide") {
    input.image_size = Count(225);
    CHECK_THROWS_WITH(count_flops(clip, input), ContainsSubstring("image_size: patch_size (32) does not divide 225"));
  }
  SECTION("nothing") {
    input.batch = 0;
    CHECK_THROWS_WITH(count_flops(clip, input), ContainsSubstring("batch: expected a positive integer, got 0"));
  }
  SECTION("images for a language model") {
    input.image_size = Count(224);
    CHECK_THROWS_WITH(count_flops(load_model("openai-community/gpt2"), input), ContainsSubstring("has no vision tower"));
  }
}

TEST_CASE("text_config_dict counts alone, completed with the class defaults", "[unit]") {
  // transformers: text_config.update(CLIPTextConfig(**text_config_dict).to_dict())
  const ModelSpec model =
      read_model_config(parse_json(R"({"model_type": "clip", "text_config": {"num_hidden_layers": 3, "hidden_size": 64},
                     "text_config_dict": {"num_hidden_layers": 5}})",
                                   "config.json"),
                        "test");
  CHECK(model.text->block.layers == Count(5));
  CHECK(model.text->block.hidden_size == Count(512));
}

TEST_CASE("open_clip_config.json nests the model under model_cfg", "[unit]") {
  const ModelSpec model =
      read_model_config(parse_json(R"({"model_cfg": )" + open_clip("{}") + R"(, "preprocess_cfg": {}})", "c"), "test");
  CHECK(model.vision->block.layers == Count(12));
}

TEST_CASE("an MLP ratio is truncated, not rounded", "[published]") {
  // EVA02-L: int(1024 * 2.6667) = 2730; ViT-bigG: int(1664 * 4.9231) = 8192
  const auto mlp = [](const std::string& vision) {
    return read_model_config(parse_json(open_clip(vision), "config.json"), "test").vision->block.mlp_size.value();
  };
  CHECK(mlp(R"({"width": 1024, "mlp_ratio": 2.6667})") == 2730);
  CHECK(mlp(R"({"width": 1664, "head_width": 104, "mlp_ratio": 4.9231})") == 8192);
}

TEST_CASE("a tuned checkpoint is told its base, which has the same layers", "[unit]") {
  const auto [name, base] =
      GENERATE(table<std::string, std::string>({{"meta-llama/Llama-3.1-70B-Instruct", "meta-llama/Llama-3.1-70B"},
                                                {"meta-llama/Llama-2-13b-chat-hf", "meta-llama/Llama-2-13b-hf"},
                                                {"meta-llama/Meta-Llama-3.1-8B", "meta-llama/Llama-3.1-8B"},
                                                {"mistralai/Mistral-7B-Instruct-v0.3", "mistralai/Mistral-7B-v0.3"},
                                                {"Qwen/Qwen2.5-72B-Instruct", "Qwen/Qwen2.5-72B"},
                                                {"tiiuae/falcon-40b-instruct", "tiiuae/falcon-40b"},
                                                {"EleutherAI/pythia-6.9b-deduped", "EleutherAI/pythia-6.9b"}}));
  CAPTURE(name);
  CHECK_THROWS_WITH(load_model(name), ContainsSubstring("got '" + name + "'; did you mean '" + base + "'?"));
}

TEST_CASE("a model of a family that is not modelled is told so, not a near name", "[unit]") {
  const auto [name, what] =
      GENERATE(table<std::string, std::string>({{"RN50x4", "a ResNet tower"},
                                                {"convnext_base_w", "a ConvNeXt tower"},
                                                {"swin_base_patch4_window7_224", "a Swin tower"},
                                                {"apple/MobileCLIP-S2", "a convolutional or windowed image tower"},
                                                {"mistralai/Mixtral-8x7B-v0.1", "a mixture of experts"},
                                                {"Qwen/Qwen3-30B-A3B", "a mixture of experts"},
                                                {"deepseek-ai/DeepSeek-V3", "a mixture of experts"},
                                                {"google/gemma-2-9b", "layers with and without a sliding window"}}));
  CAPTURE(name);
  CHECK_THROWS_WITH(load_model(name), ContainsSubstring(what + " is not modelled, got '" + name + "'"));
}

}  // namespace mfusim
