// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/block_layer.hpp"
#include "model/input_shape.hpp"
#include "model/pooling_layers.hpp"
#include "model/text_tower.hpp"

namespace mfusim {

/// A self-attention block over the text, then a block that attends to the image, each with an MLP of its own.
template <class N>
class CaptionBlockWriter : private BlockWriter<N> {
 public:
  CaptionBlockWriter(const BlockSpec<N>& spec, const BlockInput<N>& input, N image_tokens)
      : BlockWriter<N>(spec, input, "block"), image_tokens_(image_tokens) {}

  [[nodiscard]] LayerGroup<N> write() {
    const int stream = this->mlp_half(this->attention_half(input_of_layer));
    this->prefix_ = "cross_";
    this->mlp_half(cross_attention_half(stream));
    return this->builder_.finish(this->spec_.layers);
  }

 private:
  int cross_attention_half(int stream) {
    const N width = this->spec_.hidden_size;
    const N image_rows = this->input_.batch * image_tokens_;
    LayerBuilder<N>& layer = this->builder_;
    const int normed = this->norm("attention_norm", stream);
    const int image = layer.add("cross_image_norm", Norm<N>{.rows = image_rows, .width = width, .kind = this->spec_.style.norm},
                                TensorSplit::Tokens, {});
    const int q = layer.add("cross_q", this->linear(width, width, true), TensorSplit::Columns, {normed});
    const int kv = layer.add("cross_kv", this->linear_of(image_rows, width, N(2) * width, true), TensorSplit::Columns, {image});
    Attention<N> shape = this->attention_to(image_tokens_);
    shape.mask = AttentionMask::Full;
    int at = layer.add("cross_attention", shape, TensorSplit::Inside, {q, kv});
    at = layer.add("cross_out_proj", this->linear(width, width, true), TensorSplit::Rows, {at});
    return this->closed("attention", stream, at);
  }

  N image_tokens_;
};

/// Image tokens that the decoder attends to: all but the first of the pooler's outputs, otherwise the patches.
template <class N>
[[nodiscard]] N caption_image_tokens(const VisionSpec<N>& spec, const InputShapeOf<N>& input) {
  if (spec.pool) return spec.pool->queries - N(1);
  const N tokens = vision_tokens(spec, input);
  return spec.style.class_token ? tokens - N(1) : tokens;
}

/// Final norm -> scores over the vocabulary -> next-token loss.
template <class N>
[[nodiscard]] LayerGroup<N> caption_output(const CaptionSpec<N>& spec, N rows) {
  const N width = spec.block.hidden_size;
  LayerBuilder<N> layer("output");
  int at = layer.add("final_norm", Norm<N>{.rows = rows, .width = width, .kind = spec.block.style.norm}, TensorSplit::Tokens, {});
  at = layer.add("logits", plain_linear(rows, width, spec.vocabulary, false), TensorSplit::Vocabulary, {at});
  layer.add("loss", Loss<N>{.rows = rows, .classes = spec.vocabulary, .kind = LossKind::CrossEntropy, .parameters = N(0)},
            TensorSplit::Vocabulary, {at});
  return layer.finish();
}

/// CoCa's decoder. It reads the tokens of both towers; the text tokens come without the appended class token.
template <class N>
[[nodiscard]] Tower<N> caption_tower(const ModelSpecOf<N>& model, const InputShapeOf<N>& input) {
  const CaptionSpec<N>& spec = *model.caption;
  const N tokens = input.text_length.value_or(model.text->context_length);
  Tower<N> tower{.name = "caption", .groups = {}, .frozen = false};
  const N image_tokens = caption_image_tokens(*model.vision, input);
  tower.groups.push_back(
      CaptionBlockWriter<N>(spec.block, BlockInput<N>{.batch = input.batch, .tokens = tokens}, image_tokens).write());
  tower.groups.push_back(caption_output(spec, input.batch * tokens));
  return tower;
}

}  // namespace mfusim
