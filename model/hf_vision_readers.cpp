// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/hugging_face.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

BlockSpec<Count> read_block(Reader& reader, const char* default_activation) {
  const Count width = size_or(reader, "hidden_size", 768);
  const Count heads = size_or(reader, "num_attention_heads", 12);
  check_divides(reader, "num_attention_heads", heads, "hidden_size", width);
  BlockSpec<Count> block =
      multi_head_block(size_or(reader, "num_hidden_layers", 12), width, heads, size_or(reader, "intermediate_size", 3072));
  block.style.activation = activation_or(reader, "hidden_act", default_activation);
  return block;
}

VisionSpec<Count> read_vision(Reader& reader, const char* default_activation) {
  VisionSpec<Count> spec{.image_size = size_or(reader, "image_size", 224),
                         .patch_size = size_or(reader, "patch_size", 16),
                         .channels = size_or(reader, "num_channels", 3),
                         .block = read_block(reader, default_activation),
                         .pool = std::nullopt,
                         .projection = 0,
                         .style = {}};
  spec.style.patch_bias = true;
  spec.style.pre_norm = false;
  return spec;
}

/// Source: transformers SiglipVisionConfig, SiglipVisionTransformer: no class token, a head that pools by attention. The
/// convolution leaves out pixels beyond the last whole patch.
VisionSpec<Count> read_siglip_vision(Reader reader) {
  VisionSpec<Count> spec = read_vision(reader, "gelu_pytorch_tanh");
  spec.block.style.attention_dropout = drops(reader, "attention_dropout", 0);
  if (spec.image_size < spec.patch_size) {
    reader.fail("patch_size", fmt::format("{} is larger than {} ({})", spec.patch_size.value(), reader.path_of("image_size"),
                                          spec.image_size.value()));
  }
  spec.style.crop_to_patches = true;
  spec.style.class_token = false;
  spec.style.projection = ProjectionKind::None;
  if (!flag_or(reader, "vision_use_head", true)) {
    reader.fail("vision_use_head", "a SigLIP without its pooling head has no embedding to compare, got 'false'");
  }
  spec.style.pooling = Pooling::Attention;
  spec.pool = AttentionPool<Count>{.queries = 1,
                                   .width = spec.block.hidden_size,
                                   .heads = spec.block.heads,
                                   .context_size = spec.block.hidden_size,
                                   .mlp_size = spec.block.mlp_size,
                                   .context_norm = false};
  spec.projection = spec.block.hidden_size;
  return spec;
}

/// Source: transformers SiglipTextConfig, SiglipTextTransformer: no causal mask, last token, head with bias.
TextSpec<Count> read_siglip_text(Reader reader) {
  const Count positions = size_or(reader, "max_position_embeddings", 64);
  TextSpec<Count> spec{.vocabulary = size_or(reader, "vocab_size", 32000),
                       .context_length = positions,
                       .positions = positions,
                       .token_types = 0,
                       .block = read_block(reader, "gelu_pytorch_tanh"),
                       .projection = 0,
                       .style = {}};
  spec.block.style.attention_dropout = drops(reader, "attention_dropout", 0);
  spec.projection = size_or(reader, "projection_size", spec.block.hidden_size.value());
  spec.style.projection_bias = true;
  return spec;
}

/// Classes of an image classifier: as many as id2label names, or num_labels (2 in transformers).
Count classes(Reader& root) {
  const Node* labels = root.find("id2label");
  if (labels != nullptr && labels->kind == Node::Kind::Mapping && !labels->members.empty()) {
    return static_cast<std::int64_t>(labels->members.size());
  }
  return size_or(root, "num_labels", 2);
}

}  // namespace

ModelSpec read_hf_siglip(Reader& root) {
  ModelSpec model;
  model.vision = read_siglip_vision(Reader(tower_config(root, "vision_config"), root.path_of("vision_config"), nullptr));
  model.text = read_siglip_text(Reader(tower_config(root, "text_config"), root.path_of("text_config"), nullptr));
  if (model.vision->projection != model.text->projection) {
    root.fail("text_config", fmt::format("the text embedding ({}) is not as wide as the vision embedding ({})",
                                         model.text->projection.value(), model.vision->projection.value()));
  }
  model.loss = ModelLoss::PairwiseSigmoid;
  return model;
}

/// Source: transformers ViTConfig, ViTModel (pooler: a linear and tanh on the class token), ViTForImageClassification
/// (classifier instead of it).
ModelSpec read_hf_vit(Reader& root) {
  ModelSpec model;
  VisionSpec<Count> spec = read_vision(root, "gelu");
  check_divides(root, "patch_size", spec.patch_size, "image_size", spec.image_size);
  const bool bias = flag_or(root, "qkv_bias", true);
  spec.block.style.query_bias = spec.block.style.key_bias = spec.block.style.value_bias = bias;
  spec.block.style.hidden_dropout = drops(root, "hidden_dropout_prob", 0);
  spec.block.style.attention_dropout = drops(root, "attention_probs_dropout_prob", 0);
  const bool classifier = architecture_or(root, "ViTModel") == "ViTForImageClassification";
  spec.style.projection = classifier ? ProjectionKind::Linear : ProjectionKind::Tanh;
  spec.style.projection_bias = true;
  spec.projection = classifier ? classes(root) : size_or(root, "pooler_output_size", spec.block.hidden_size.value());
  model.vision = spec;
  return model;
}

}  // namespace mfusim
