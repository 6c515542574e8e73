// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/read_model.hpp"

#include <fmt/format.h>

#include <string>

namespace mfusim {
namespace {

const std::vector<std::pair<std::string, ActivationKind>>& mlp_names() {
  static const std::vector<std::pair<std::string, ActivationKind>> names{
      {"gelu", ActivationKind::Gelu},  {"quick_gelu", ActivationKind::QuickGelu},
      {"relu", ActivationKind::Relu},  {"squared_relu", ActivationKind::SquaredRelu},
      {"silu", ActivationKind::Silu},  {"swiglu", ActivationKind::SwiGlu},
      {"geglu", ActivationKind::GeGlu}};
  return names;
}

bool is_gated(ActivationKind kind) {
  return kind == ActivationKind::SwiGlu || kind == ActivationKind::GeGlu;
}

/// The sizes and habits that every tower's blocks share. `mlp` picks the family whose habits are the defaults: the gated
/// kinds are LLaMA's (RMSNorm, no biases, no dropout), the others GPT-2's (LayerNorm, biases).
BlockSpec<Count> read_block(Reader& reader, std::string_view default_mlp) {
  if (reader.has("experts")) reader.fail("experts", "a mixture of experts is not modelled");
  const Count hidden_size = size_of(reader, "hidden_size");
  const Count heads = size_of(reader, "heads");
  if (!reader.has("head_dim")) check_divides(reader, "heads", heads, "hidden_size", hidden_size);
  const ActivationKind mlp = reader.choice("mlp", mlp_names(), default_mlp);
  BlockSpec<Count> block{.layers = size_of(reader, "layers"),
                         .hidden_size = hidden_size,
                         .heads = heads,
                         .kv_heads = size_or(reader, "kv_heads", heads.value()),
                         .head_dim = reader.has("head_dim") ? size_of(reader, "head_dim") : hidden_size / heads,
                         .mlp_size = size_or(reader, "mlp_size", 4 * hidden_size.value()),
                         .window = size_if(reader, "sliding_window"),
                         .position_size = 0,
                         .style = {}};
  check_divides(reader, "kv_heads", block.kv_heads, "heads", heads);
  const bool gated = is_gated(mlp);
  block.style.activation = mlp;
  block.style.norm = reader.choice<NormKind>("norm", {{"layer_norm", NormKind::LayerNorm}, {"rms_norm", NormKind::RmsNorm}},
                                             gated ? "rms_norm" : "layer_norm");
  const bool bias = flag_or(reader, "bias", !gated);
  const bool qkv_bias = flag_or(reader, "qkv_bias", bias);
  block.style.query_bias = block.style.key_bias = block.style.value_bias = qkv_bias;
  block.style.output_bias = block.style.mlp_bias = bias;
  block.style.parallel_block = flag_or(reader, "parallel_block", false);
  return block;
}

/// Dropout of a language model. Assumption: GPT-style models train with 0.1, as Megatron-LM's defaults have it
/// (attention_dropout, hidden_dropout), LLaMA-style models without.
void read_dropout(Reader& reader, DecoderSpec<Count>& spec) {
  const double fallback = is_gated(spec.block.style.activation) ? 0 : 0.1;
  const bool dropout = drops(reader, "dropout", fallback);
  spec.block.style.attention_dropout = dropout;
  spec.block.style.hidden_dropout = dropout;
  spec.style.embedding_dropout = dropout;
}

ModelSpec read_decoder(Reader& reader) {
  enum class Positions { Learned, Rotary, Alibi, None };
  DecoderSpec<Count> spec{.vocabulary = size_of(reader, "vocabulary"),
                          .context_length = size_if(reader, "context_length"),
                          .positions = size_if(reader, "positions_table"),
                          .position_offset = 0,
                          .embedding_size = 0,
                          .block = read_block(reader, "gelu"),
                          .style = {}};
  const bool gated = is_gated(spec.block.style.activation);
  const auto positions = reader.choice<Positions>(
      "positions",
      {{"learned", Positions::Learned}, {"rotary", Positions::Rotary}, {"alibi", Positions::Alibi}, {"none", Positions::None}},
      gated ? "rotary" : "learned");
  spec.style.position = positions == Positions::Learned ? TablePosition::Learned : TablePosition::None;
  if (positions == Positions::Rotary) spec.block.style.position = AttentionPosition::Rotary;
  if (positions == Positions::Alibi) spec.block.style.position = AttentionPosition::Slopes;
  spec.block.style.mask = AttentionMask::Causal;
  spec.style.embedding_norm = flag_or(reader, "embedding_norm", false);
  spec.style.tied_embedding = flag_or(reader, "tied_embedding", !gated);
  read_dropout(reader, spec);
  ModelSpec model;
  model.decoder = spec;
  model.loss = ModelLoss::NextToken;
  return model;
}

VisionSpec<Count> read_vision(Reader& reader, Count projection) {
  VisionSpec<Count> spec{.image_size = size_of(reader, "image_size"),
                         .patch_size = size_of(reader, "patch_size"),
                         .channels = size_or(reader, "channels", 3),
                         .block = read_block(reader, "gelu"),
                         .pool = std::nullopt,
                         .projection = projection,
                         .style = {}};
  check_divides(reader, "patch_size", spec.patch_size, "image_size", spec.image_size);
  spec.style.class_token = flag_or(reader, "class_token", true);
  spec.style.pre_norm = flag_or(reader, "pre_norm", true);
  spec.style.pooling = reader.choice<Pooling>("pooling", {{"token", Pooling::Token}, {"average", Pooling::Average}},
                                              spec.style.class_token ? "token" : "average");
  spec.style.patch_dropout = reader.fraction("patch_dropout", 0);
  spec.style.frozen = flag_or(reader, "frozen", false);
  return spec;
}

TextSpec<Count> read_text(Reader& reader, Count projection) {
  const Count context = size_or(reader, "context_length", 77);
  TextSpec<Count> spec{.vocabulary = size_or(reader, "vocabulary", 49408),
                       .context_length = context,
                       .positions = context,
                       .token_types = 0,
                       .block = read_block(reader, "gelu"),
                       .projection = projection,
                       .style = {}};
  spec.block.style.mask = flag_or(reader, "causal", true) ? AttentionMask::Causal : AttentionMask::Full;
  spec.style.frozen = flag_or(reader, "frozen", false);
  return spec;
}

ModelSpec read_clip(Reader& reader) {
  const Count projection = size_of(reader, "projection");
  ModelSpec model;
  Reader vision = reader.child("vision");
  model.vision = read_vision(vision, projection);
  vision.reject_unknown_keys();
  Reader text = reader.child("text");
  model.text = read_text(text, projection);
  text.reject_unknown_keys();
  model.loss = reader.choice<ModelLoss>(
      "loss", {{"softmax", ModelLoss::ContrastiveSoftmax}, {"sigmoid", ModelLoss::PairwiseSigmoid}}, "softmax");
  return model;
}

ModelSpec read_vit(Reader& reader) {
  ModelSpec model;
  model.vision = read_vision(reader, size_or(reader, "classes", 1000));
  model.vision->style.projection_bias = true;
  return model;
}

}  // namespace

ModelSpec read_inline_model(Reader reader) {
  enum class Kind { Decoder, Clip, Vit };
  const Kind kind = reader.choice<Kind>("kind", {{"decoder", Kind::Decoder}, {"clip", Kind::Clip}, {"vit", Kind::Vit}});
  const std::string name = reader.has("name") ? reader.word("name") : reader.word("kind");
  ModelSpec model = kind == Kind::Decoder ? read_decoder(reader) : kind == Kind::Clip ? read_clip(reader) : read_vit(reader);
  model.name = name;
  model.source = reader.has("source") ? reader.word("source") : "the scenario";
  reader.reject_unknown_keys();
  return model;
}

}  // namespace mfusim
