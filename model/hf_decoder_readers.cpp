// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/hf_decoder.hpp"
#include "model/hugging_face.hpp"

namespace mfusim {

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
  set_rotary(block, rotary_fraction(root, "rotary_pct", 0.25));
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

ModelSpec read_hf_opt(Reader& root) {
  if (!flag_or(root, "layer_norm_elementwise_affine", true)) {
    root.fail("layer_norm_elementwise_affine", "layer norms without learned gain and shift are not modelled, got 'false'");
  }
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
