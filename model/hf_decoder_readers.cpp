// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/hugging_face.hpp"

#include <fmt/format.h>

#include <cmath>

namespace mfusim {
namespace {

/// The first of two names of one key (transformers' attribute maps), or its default.
Count size_by(Reader& reader, const char* name, const char* other_name, std::int64_t fallback) {
  reader.allow(other_name);
  return reader.has(name) || !reader.has(other_name) ? size_or(reader, name, fallback) : size_of(reader, other_name);
}

struct LlamaDefaults {
  std::int64_t vocabulary = 32000, hidden_size = 4096, mlp_size = 11008, layers = 32, heads = 32, kv_heads = 0, positions = 2048;
};

ModelSpec language_model(const DecoderSpec<Count>& decoder) {
  ModelSpec model;
  model.decoder = decoder;
  model.decoder->block.style.mask = AttentionMask::Causal;
  model.loss = ModelLoss::NextToken;
  return model;
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

/// LLaMA and its relatives: RMSNorm, rotary positions, SiLU-gated MLP, no biases, grouped-query attention.
DecoderSpec<Count> llama_like(Reader& root, const LlamaDefaults& defaults) {
  refuse_if_set(root, "num_experts", "a mixture of experts");
  refuse_if_set(root, "num_local_experts", "a mixture of experts");
  const Count heads = size_or(root, "num_attention_heads", defaults.heads);
  const Count hidden_size = size_or(root, "hidden_size", defaults.hidden_size);
  if (!root.has("head_dim")) check_divides(root, "num_attention_heads", heads, "hidden_size", hidden_size);
  const Count kv_heads = size_or(root, "num_key_value_heads", defaults.kv_heads > 0 ? defaults.kv_heads : heads.value());
  check_divides(root, "num_key_value_heads", kv_heads, "num_attention_heads", heads);
  BlockSpec<Count> block{.layers = size_or(root, "num_hidden_layers", defaults.layers),
                         .hidden_size = hidden_size,
                         .heads = heads,
                         .kv_heads = kv_heads,
                         .head_dim = root.has("head_dim") ? size_of(root, "head_dim") : hidden_size / heads,
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
  DecoderSpec<Count> spec = decoder_of(size_or(root, "vocab_size", defaults.vocabulary),
                                       size_or(root, "max_position_embeddings", defaults.positions), block);
  spec.style.position = TablePosition::None;
  spec.style.tied_embedding = flag_or(root, "tie_word_embeddings", false);
  return spec;
}

}  // namespace

ModelSpec read_hf_gpt2(Reader& root) {
  refuse_if_set(root, "add_cross_attention", "cross attention");
  const Count width = size_by(root, "n_embd", "hidden_size", 768);
  const Count heads = size_by(root, "n_head", "num_attention_heads", 12);
  check_divides(root, "n_head", heads, "n_embd", width);
  const Count positions = size_by(root, "n_positions", "max_position_embeddings", 1024);
  const Count mlp_size = size_or(root, "n_inner", 4 * width.value());
  DecoderSpec<Count> spec =
      decoder_of(size_or(root, "vocab_size", 50257), positions,
                 multi_head_block(size_by(root, "n_layer", "num_hidden_layers", 12), width, heads, mlp_size));
  spec.positions = positions;
  spec.block.style.activation = activation_or(root, "activation_function", "gelu_new");
  spec.block.style.scale_queries = flag_or(root, "scale_attn_weights", true);
  spec.block.style.attention_dropout = drops(root, "attn_pdrop", 0.1);
  spec.block.style.hidden_dropout = drops(root, "resid_pdrop", 0.1);
  spec.style.embedding_dropout = drops(root, "embd_pdrop", 0.1);
  spec.style.tied_embedding = flag_or(root, "tie_word_embeddings", true);
  return language_model(spec);
}

ModelSpec read_hf_gpt_neox(Reader& root) {
  const Count width = size_or(root, "hidden_size", 6144);
  const Count heads = size_or(root, "num_attention_heads", 64);
  check_divides(root, "num_attention_heads", heads, "hidden_size", width);
  BlockSpec<Count> block =
      multi_head_block(size_or(root, "num_hidden_layers", 44), width, heads, size_or(root, "intermediate_size", 24576));
  block.style.activation = activation_or(root, "hidden_act", "gelu");
  block.style.position = AttentionPosition::Rotary;
  const double rotated = root.has("rotary_pct") ? root.fraction("rotary_pct") : 0.25;
  block.position_size = static_cast<std::int64_t>(std::trunc(block.head_dim.as_double() * rotated));
  if (block.position_size.value() == 0) block.style.position = AttentionPosition::None;
  block.style.parallel_block = block.style.two_norms = flag_or(root, "use_parallel_residual", true);
  const bool bias = flag_or(root, "attention_bias", true);
  block.style.query_bias = block.style.key_bias = block.style.value_bias = block.style.output_bias = bias;
  block.style.attention_dropout = drops(root, "attention_dropout", 0);
  block.style.hidden_dropout = drops(root, "hidden_dropout", 0);
  DecoderSpec<Count> spec = decoder_of(size_or(root, "vocab_size", 50432), size_or(root, "max_position_embeddings", 2048), block);
  spec.style.position = TablePosition::None;
  spec.style.embedding_dropout = block.style.hidden_dropout;
  spec.style.tied_embedding = flag_or(root, "tie_word_embeddings", false);
  return language_model(spec);
}

ModelSpec read_hf_llama(Reader& root) {
  DecoderSpec<Count> spec = llama_like(root, {});
  BlockStyle& style = spec.block.style;
  style.query_bias = style.key_bias = style.value_bias = style.output_bias = flag_or(root, "attention_bias", false);
  style.mlp_bias = flag_or(root, "mlp_bias", false);
  return language_model(spec);
}

ModelSpec read_hf_mistral(Reader& root) {
  DecoderSpec<Count> spec = llama_like(root, {.mlp_size = 14336, .kv_heads = 8, .positions = 131072});
  const bool given = root.node().find("sliding_window") != nullptr;  // null switches it off, absence means the default
  spec.block.window = given ? size_if(root, "sliding_window") : std::optional<Count>(4096);
  return language_model(spec);
}

ModelSpec read_hf_qwen2(Reader& root) {
  DecoderSpec<Count> spec = llama_like(root, {.vocabulary = 151936, .mlp_size = 22016, .kv_heads = 32, .positions = 32768});
  BlockStyle& style = spec.block.style;
  style.query_bias = style.key_bias = style.value_bias = true;
  if (flag_or(root, "use_sliding_window", false)) {
    const std::int64_t full_layers = root.non_negative_int("max_window_layers", 28);
    if (full_layers > 0 && full_layers < spec.block.layers.value()) {
      root.fail("max_window_layers",
                fmt::format("layers with and without a sliding window in one model are not modelled, got {}", full_layers));
    }
    if (full_layers == 0) spec.block.window = size_or(root, "sliding_window", 4096);
  }
  return language_model(spec);
}

ModelSpec read_hf_opt(Reader& root) {
  const Count width = size_or(root, "hidden_size", 768);
  const Count heads = size_or(root, "num_attention_heads", 12);
  check_divides(root, "num_attention_heads", heads, "hidden_size", width);
  BlockSpec<Count> block = multi_head_block(size_or(root, "num_hidden_layers", 12), width, heads, size_or(root, "ffn_dim", 3072));
  block.style.activation = activation_or(root, "activation_function", "relu");
  const bool before = flag_or(root, "do_layer_norm_before", true);
  block.style.placement = before ? NormPlacement::Pre : NormPlacement::Post;
  const bool bias = flag_or(root, "enable_bias", true);
  block.style.query_bias = block.style.key_bias = block.style.value_bias = block.style.output_bias = block.style.mlp_bias = bias;
  block.style.hidden_dropout = drops(root, "dropout", 0.1);
  block.style.attention_dropout = drops(root, "attention_dropout", 0);
  const Count positions = size_or(root, "max_position_embeddings", 2048);
  DecoderSpec<Count> spec = decoder_of(size_or(root, "vocab_size", 50272), positions, block);
  spec.positions = positions;
  spec.position_offset = 2;
  spec.embedding_size = size_or(root, "word_embed_proj_dim", width.value());
  spec.style.final_norm = before && !flag_or(root, "_remove_final_layer_norm", false);
  spec.style.tied_embedding = flag_or(root, "tie_word_embeddings", true);
  return language_model(spec);
}

ModelSpec read_hf_bloom(Reader& root) {
  const Count width = size_by(root, "hidden_size", "n_embed", 64);
  const Count heads = size_by(root, "n_head", "num_attention_heads", 8);
  check_divides(root, "n_head", heads, "hidden_size", width);
  BlockSpec<Count> block = multi_head_block(size_by(root, "n_layer", "num_hidden_layers", 2), width, heads, 4 * width.value());
  block.style.position = AttentionPosition::Slopes;
  block.style.attention_dropout = drops(root, "attention_dropout", 0);
  block.style.hidden_dropout = drops(root, "hidden_dropout", 0);
  DecoderSpec<Count> spec = decoder_of(size_or(root, "vocab_size", 250880), size_if(root, "seq_length"), block);
  spec.style.position = TablePosition::None;
  spec.style.embedding_norm = true;
  spec.style.tied_embedding = flag_or(root, "tie_word_embeddings", true);
  return language_model(spec);
}

}  // namespace mfusim
