// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/hugging_face.hpp"

namespace mfusim {
namespace {

/// Keys that both CLIP towers share; the defaults differ.
BlockSpec<Count> read_block(Reader& reader, std::int64_t width, std::int64_t mlp_size, std::int64_t heads) {
  const Count hidden_size = size_or(reader, "hidden_size", width);
  const Count head_count = size_or(reader, "num_attention_heads", heads);
  check_divides(reader, "num_attention_heads", head_count, "hidden_size", hidden_size);
  BlockSpec<Count> block = multi_head_block(size_or(reader, "num_hidden_layers", 12), hidden_size, head_count,
                                            size_or(reader, "intermediate_size", mlp_size));
  block.style.activation = activation_or(reader, "hidden_act", "quick_gelu");
  block.style.attention_dropout = drops(reader, "attention_dropout", 0);
  return block;
}

/// Source: transformers CLIPVisionConfig, CLIPVisionTransformer. The final norm is taken on all tokens, as the
/// background's count has it; transformers normalises the class token alone.
VisionSpec<Count> read_vision(Reader reader, Count projection) {
  VisionSpec<Count> spec{.image_size = size_or(reader, "image_size", 224),
                         .patch_size = size_or(reader, "patch_size", 32),
                         .channels = size_or(reader, "num_channels", 3),
                         .block = read_block(reader, 768, 3072, 12),
                         .pool = std::nullopt,
                         .projection = projection,
                         .style = {}};
  check_divides(reader, "patch_size", spec.patch_size, "image_size", spec.image_size);
  return spec;
}

/// Source: transformers CLIPTextConfig, CLIPTextTransformer.
TextSpec<Count> read_text(Reader reader, Count projection) {
  const Count positions = size_or(reader, "max_position_embeddings", 77);
  TextSpec<Count> spec{.vocabulary = size_or(reader, "vocab_size", 49408),
                       .context_length = positions,
                       .positions = positions,
                       .token_types = 0,
                       .block = read_block(reader, 512, 2048, 8),
                       .projection = projection,
                       .style = {}};
  spec.block.style.mask = AttentionMask::Causal;
  return spec;
}

}  // namespace

const Node& tower_config(Reader& root, const std::string& key) {
  static const Node no_keys = [] {
    Node node;
    node.kind = Node::Kind::Mapping;
    return node;
  }();
  const Node* plain = root.find(key);
  if (const Node* complete = root.find(key + "_dict")) return *complete;
  return plain != nullptr ? *plain : no_keys;
}

ModelSpec read_hf_clip(Reader& root) {
  const Count projection = size_or(root, "projection_dim", 512);
  ModelSpec model;
  const auto path = [&](const std::string& key) { return root.path_of(root.has(key + "_dict") ? key + "_dict" : key); };
  model.vision = read_vision(Reader(tower_config(root, "vision_config"), path("vision_config"), nullptr), projection);
  model.text = read_text(Reader(tower_config(root, "text_config"), path("text_config"), nullptr), projection);
  model.loss = ModelLoss::ContrastiveSoftmax;
  return model;
}

}  // namespace mfusim
