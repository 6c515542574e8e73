// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/hf_decoder.hpp"
#include "model/hugging_face.hpp"

namespace mfusim {
namespace {

void set_biases(BlockStyle& style, bool attention, bool mlp) {
  style.query_bias = style.key_bias = style.value_bias = style.output_bias = attention;
  style.mlp_bias = mlp;
}

/// Key and value heads of Falcon: given with the new decoder architecture (num_kv_heads, heads where missing), one with
/// multi_query, otherwise as many as heads.
Count falcon_kv_heads(Reader& root, Count heads, bool new_architecture) {
  const bool multi_query = flag_or(root, "multi_query", true);
  const Count given = size_or(root, "num_kv_heads", heads.value());
  if (new_architecture) return given;
  return multi_query ? Count(1) : heads;
}

}  // namespace

/// Source: transformers FalconConfig, FalconDecoderLayer: the new architecture has a norm for each of two parallel branches
/// (num_ln_in_parallel_attn 1: one for both); without it parallel_attn has one norm for both.
ModelSpec read_hf_falcon(Reader& root) {
  const Count width = size_by(root, "hidden_size", "n_embed", 4544);
  const Count heads = size_by(root, "num_attention_heads", "n_head", 71);
  check_divides(root, "num_attention_heads", heads, "hidden_size", width);
  BlockSpec<Count> block = multi_head_block(size_by(root, "num_hidden_layers", "n_layer", 32), width, heads,
                                            size_or(root, "ffn_hidden_size", 4 * width.value()));
  const bool new_architecture = flag_or(root, "new_decoder_architecture", false);
  block.kv_heads = falcon_kv_heads(root, heads, new_architecture);
  check_divides(root, "num_kv_heads", block.kv_heads, "num_attention_heads", heads);
  block.style.activation = activation_or(root, "activation", "gelu");
  set_rotary(block, 1);
  if (flag_or(root, "alibi", false)) block.style.position = AttentionPosition::Slopes;
  block.style.parallel_block = flag_or(root, "parallel_attn", true) || new_architecture;
  block.style.two_norms = new_architecture && root.positive_int("num_ln_in_parallel_attn", 2) == 2;
  const bool bias = flag_or(root, "bias", false);
  set_biases(block.style, bias, bias);
  block.style.attention_dropout = drops(root, "attention_dropout", 0);
  block.style.hidden_dropout = drops(root, "hidden_dropout", 0);
  DecoderSpec<Count> spec = decoder_of(size_or(root, "vocab_size", 65024), size_or(root, "max_position_embeddings", 2048), block);
  spec.style.position = TablePosition::None;
  spec.style.tied_embedding = flag_or(root, "tie_word_embeddings", true);
  return language_model(spec);
}

/// Source: transformers MptConfig, MptBlock: no biases anywhere, the norms included; ALiBi, or a learned position table.
ModelSpec read_hf_mpt(Reader& root) {
  const Count width = size_by(root, "d_model", "hidden_size", 2048);
  const Count heads = size_by(root, "n_heads", "num_attention_heads", 16);
  check_divides(root, "n_heads", heads, "d_model", width);
  BlockSpec<Count> block = multi_head_block(size_by(root, "n_layers", "num_hidden_layers", 24), width, heads,
                                            mlp_size_of(root, "expansion_ratio", width, 4));
  Reader attention = root.child_or_empty("attn_config");
  refuse_if_set(attention, "qk_ln", "a norm on queries and keys in this format");
  refuse_if_set(attention, "prefix_lm", "a prefix that all tokens attend to");
  block.kv_heads = size_or(attention, "kv_n_heads", heads.value());
  check_divides(attention, "kv_n_heads", block.kv_heads, "n_heads", heads);
  const bool alibi = flag_or(attention, "alibi", true);
  if (!alibi) attention.fail("alibi", "other positions than ALiBi are not modelled in this format, got 'false'");
  block.style.position = AttentionPosition::Slopes;
  block.style.attention_dropout = drops(attention, "attn_pdrop", 0);
  const bool bias = !flag_or(root, "no_bias", true);
  set_biases(block.style, bias, bias);
  block.style.norm_shift = bias;
  block.style.hidden_dropout = drops(root, "resid_pdrop", 0);
  const Count positions = size_or(root, "max_seq_len", 2048);
  DecoderSpec<Count> spec = decoder_of(size_or(root, "vocab_size", 50368), positions, block);
  spec.style.position = TablePosition::None;
  spec.style.embedding_dropout = drops(root, "emb_pdrop", 0);
  spec.style.tied_embedding = flag_or(root, "tie_word_embeddings", true);
  return language_model(spec);
}

/// Source: transformers NemotronConfig, NemotronDecoderLayer: layer norms, an MLP without gate, rotary positions on a part of
/// each head.
ModelSpec read_hf_nemotron(Reader& root) {
  const Count width = size_or(root, "hidden_size", 6144);
  const GroupedHeads heads = read_grouped_heads(root, width, {.heads = 48, .kv_heads = 0, .head_dim = 0});
  BlockSpec<Count> block =
      multi_head_block(size_or(root, "num_hidden_layers", 32), width, heads.heads, size_or(root, "intermediate_size", 24576));
  block.kv_heads = heads.kv_heads;
  block.head_dim = heads.head_dim;
  block.style.activation = activation_or(root, "hidden_act", "relu2");
  set_rotary(block, rotary_fraction(root, "partial_rotary_factor", 0.5));
  const bool attention_bias = flag_or(root, "attention_bias", false);
  set_biases(block.style, attention_bias, flag_or(root, "mlp_bias", false));
  block.style.attention_dropout = drops(root, "attention_dropout", 0);
  DecoderSpec<Count> spec =
      decoder_of(size_or(root, "vocab_size", 256000), size_or(root, "max_position_embeddings", 4096), block);
  spec.style.position = TablePosition::None;
  spec.style.tied_embedding = flag_or(root, "tie_word_embeddings", false);
  return language_model(spec);
}

}  // namespace mfusim
