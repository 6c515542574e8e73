// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/open_clip.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

/// Keys that change numbers inside an operator but not the work.
void allow_numerics(Reader& reader) {
  for (const char* key : {"act_kwargs", "norm_kwargs", "output_tokens"}) reader.allow(key);
}

/// What open_clip can build and this model cannot.
void refuse_variants(Reader& reader) {
  for (const char* key :
       {"qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc", "block_type"}) {
    refuse_if_set(reader, key, std::string("the block variant ") + key);
  }
}

Pooling vision_pooling(Reader& reader) {
  return reader.choice<Pooling>("pool_type", {{"tok", Pooling::Token}, {"avg", Pooling::Average}}, "tok");
}

/// CoCa's pooler: many learned queries attend to the tokens; then the final norm, and the first one is the embedding.
void read_attentional_pool(Reader& reader, VisionSpec<Count>& spec) {
  const Count queries = size_or(reader, "attn_pooler_queries", 256);
  const Count heads = size_or(reader, "attn_pooler_heads", 8);
  const std::string pool = word_or(reader, "attentional_pool", "false");
  if (pool == "false") return;
  if (pool != "true")
    reader.fail("attentional_pool", fmt::format("expected true or false (two poolers are not modelled), got '{}'", shown(pool)));
  check_divides(reader, "attn_pooler_heads", heads, "embed_dim", spec.projection);
  spec.style.pooling = Pooling::Attention;
  spec.style.final_norm = FinalNorm::Pooled;
  spec.pool = AttentionPool<Count>{.queries = queries,
                                   .width = spec.projection,
                                   .heads = heads,
                                   .context_size = spec.block.hidden_size,
                                   .mlp_size = std::nullopt,
                                   .context_norm = true};
}

BlockSpec<Count> read_vision_block(Reader& reader, ActivationKind activation) {
  const Count width = size_or(reader, "width", 768);
  const Count head_width = size_or(reader, "head_width", 64);
  check_divides(reader, "head_width", head_width, "width", width);
  BlockSpec<Count> block =
      multi_head_block(size_or(reader, "layers", 12), width, width / head_width, mlp_size_of(reader, "mlp_ratio", width, 4.0));
  block.style.activation = activation;
  block.style.layer_scale = reader.has("ls_init_value");
  return block;
}

}  // namespace

VisionSpec<Count> read_open_clip_vision(Reader& reader, Count projection, ActivationKind activation) {
  const Node* layers = reader.find("layers");
  if (layers != nullptr && layers->kind == Node::Kind::Sequence)
    reader.fail("layers", "a list of layers is a ResNet: ResNet towers are not modelled");
  allow_numerics(reader);
  refuse_variants(reader);
  VisionSpec<Count> spec{.image_size = size_or(reader, "image_size", 224),
                         .patch_size = size_or(reader, "patch_size", 16),
                         .channels = 3,
                         .block = read_vision_block(reader, activation),
                         .pool = std::nullopt,
                         .projection = projection,
                         .style = {}};
  check_divides(reader, "patch_size", spec.patch_size, "image_size", spec.image_size);
  spec.style.pre_norm = !flag_or(reader, "no_ln_pre", false);
  spec.style.pooling = vision_pooling(reader);
  spec.style.final_norm = flag_or(reader, "final_ln_after_pool", false) ? FinalNorm::Pooled : FinalNorm::AllTokens;
  read_attentional_pool(reader, spec);
  spec.style.learned_position = word_or(reader, "pos_embed_type", "learnable") == "learnable";
  spec.style.patch_dropout = reader.fraction("patch_dropout", 0);
  reader.reject_unknown_keys();
  return spec;
}

TextSpec<Count> read_open_clip_text(Reader& reader, Count projection, ActivationKind activation) {
  allow_numerics(reader);
  for (const char* key : {"hf_tokenizer_name", "tokenizer_kwargs", "tokenizer_mode", "pad_id", "eos_id", "xattn", "fusedLN"})
    reader.allow(key);
  refuse_variants(reader);
  const Count width = size_or(reader, "width", 512);
  const Count heads = size_or(reader, "heads", 8);
  check_divides(reader, "heads", heads, "width", width);
  const Count context = size_or(reader, "context_length", 77);
  TextSpec<Count> spec{
      .vocabulary = size_or(reader, "vocab_size", 49408),
      .context_length = context,
      .positions = context,
      .token_types = 0,
      .block = multi_head_block(size_or(reader, "layers", 12), width, heads, mlp_size_of(reader, "mlp_ratio", width, 4.0)),
      .projection = projection,
      .style = {}};
  spec.block.style.activation = activation;
  spec.block.style.layer_scale = reader.has("ls_init_value");
  spec.block.style.mask = flag_or(reader, "no_causal_mask", false) ? AttentionMask::Full : AttentionMask::Causal;
  spec.style.projection_bias = flag_or(reader, "proj_bias", false);
  spec.style.projection =
      reader.choice<ProjectionKind>("proj_type", {{"linear", ProjectionKind::Linear}, {"none", ProjectionKind::None}}, "linear");
  spec.style.pooling = reader.choice<Pooling>(
      "pool_type", {{"argmax", Pooling::Token}, {"eos", Pooling::Token}, {"first", Pooling::Token}, {"last", Pooling::Token}},
      "argmax");
  spec.style.final_norm = flag_or(reader, "final_ln_after_pool", false) ? FinalNorm::Pooled : FinalNorm::AllTokens;
  spec.style.class_token = flag_or(reader, "embed_cls", false);
  if (spec.style.class_token) {  // appended behind the text; normalised alone
    spec.positions += 1;
    spec.style.final_norm = FinalNorm::Pooled;
  }
  reader.reject_unknown_keys();
  return spec;
}

}  // namespace mfusim
