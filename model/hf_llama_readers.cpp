// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/hf_decoder.hpp"
#include "model/hugging_face.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

struct LlamaDefaults {
  std::int64_t vocabulary = 32000, hidden_size = 4096, mlp_size = 11008, layers = 32, positions = 2048;
  HeadDefaults heads{.heads = 32, .kv_heads = 0, .head_dim = 0};
};

BlockSpec<Count> llama_block(Reader& root, const LlamaDefaults& defaults) {
  const Count hidden_size = size_or(root, "hidden_size", defaults.hidden_size);
  const GroupedHeads heads = read_grouped_heads(root, hidden_size, defaults.heads);
  BlockSpec<Count> block{.layers = size_or(root, "num_hidden_layers", defaults.layers),
                         .hidden_size = hidden_size,
                         .heads = heads.heads,
                         .kv_heads = heads.kv_heads,
                         .head_dim = heads.head_dim,
                         .mlp_size = size_or(root, "intermediate_size", defaults.mlp_size),
                         .window = std::nullopt,
                         .position_size = 0,
                         .style = {}};
  if (activation_or(root, "hidden_act", "silu") != ActivationKind::Silu) {
    root.fail("hidden_act",
              "a gated MLP with another nonlinearity than silu is not modelled, got '" + shown(root.word("hidden_act")) + "'");
  }
  block.style.activation = ActivationKind::SwiGlu;
  block.style.norm = NormKind::RmsNorm;
  block.style.position = AttentionPosition::Rotary;
  block.style.query_bias = block.style.key_bias = block.style.value_bias = block.style.output_bias = block.style.mlp_bias = false;
  block.style.attention_dropout = drops(root, "attention_dropout", 0);
  return block;
}

/// LLaMA and its relatives: RMSNorm, rotary positions, SiLU-gated MLP, no biases, grouped-query attention.
DecoderSpec<Count> llama_like(Reader& root, const LlamaDefaults& defaults) {
  DecoderSpec<Count> spec = decoder_of(size_or(root, "vocab_size", defaults.vocabulary),
                                       size_or(root, "max_position_embeddings", defaults.positions), llama_block(root, defaults));
  spec.style.position = TablePosition::None;
  spec.style.tied_embedding = flag_or(root, "tie_word_embeddings", false);
  return spec;
}

/// `attention_bias` of the configuration: on queries, keys, values and the output.
void read_attention_bias(Reader& root, BlockStyle& style) {
  style.query_bias = style.key_bias = style.value_bias = style.output_bias = flag_or(root, "attention_bias", false);
}

LlamaDefaults qwen_defaults(std::int64_t head_dim) {
  return {
      .vocabulary = 151936, .mlp_size = 22016, .positions = 32768, .heads = {.heads = 32, .kv_heads = 32, .head_dim = head_dim}};
}

/// Qwen's window: with `use_sliding_window`, of the layers from max_window_layers on.
std::optional<Count> qwen_window(Reader& root, Count layers) {
  std::optional<Count> window;
  if (flag_or(root, "use_sliding_window", false)) {
    const std::int64_t full_layers = root.non_negative_int("max_window_layers", 28);
    if (!root.has("layer_types") && full_layers > 0 && full_layers < layers.value()) {
      root.fail("max_window_layers",
                fmt::format("layers with and without a sliding window in one model are not modelled, got {}", full_layers));
    }
    if (full_layers == 0 || root.has("layer_types")) window = size_or(root, "sliding_window", 4096);
  }
  return window_of_layers(root, window);
}

}  // namespace

ModelSpec read_hf_llama(Reader& root) {
  DecoderSpec<Count> spec = llama_like(root, {});
  read_attention_bias(root, spec.block.style);
  spec.block.style.mlp_bias = flag_or(root, "mlp_bias", false);
  return language_model(spec);
}

ModelSpec read_hf_mistral(Reader& root) {
  DecoderSpec<Count> spec =
      llama_like(root, {.mlp_size = 14336, .positions = 131072, .heads = {.heads = 32, .kv_heads = 8, .head_dim = 0}});
  const bool given = root.node().find("sliding_window") != nullptr;  // null switches it off, absence means the default
  spec.block.window = window_of_layers(root, given ? size_if(root, "sliding_window") : std::optional<Count>(4096));
  return language_model(spec);
}

ModelSpec read_hf_qwen2(Reader& root) {
  DecoderSpec<Count> spec = llama_like(root, qwen_defaults(0));
  BlockStyle& style = spec.block.style;
  style.query_bias = style.key_bias = style.value_bias = true;
  spec.block.window = qwen_window(root, spec.block.layers);
  return language_model(spec);
}

ModelSpec read_hf_qwen3(Reader& root) {
  DecoderSpec<Count> spec = llama_like(root, qwen_defaults(128));
  read_attention_bias(root, spec.block.style);
  spec.block.style.query_key_norm = QueryKeyNorm::EachHead;
  spec.block.window = qwen_window(root, spec.block.layers);
  return language_model(spec);
}

ModelSpec read_hf_olmo2(Reader& root) {
  DecoderSpec<Count> spec = llama_like(root, {.vocabulary = 50304});
  read_attention_bias(root, spec.block.style);
  spec.block.style.placement = NormPlacement::ResidualPost;
  spec.block.style.query_key_norm = QueryKeyNorm::AllHeads;
  return language_model(spec);
}

ModelSpec read_hf_phi3(Reader& root) {
  DecoderSpec<Count> spec = llama_like(root, {.vocabulary = 32064, .hidden_size = 3072, .mlp_size = 8192, .positions = 4096});
  set_rotary(spec.block, rotary_fraction(root, "partial_rotary_factor", 1));
  spec.block.window = window_of_layers(root, size_if(root, "sliding_window"));
  spec.block.style.hidden_dropout = drops(root, "resid_pdrop", 0);
  spec.style.embedding_dropout = drops(root, "embd_pdrop", 0);
  return language_model(spec);
}

}  // namespace mfusim
