// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/block_layer.hpp"
#include "model/input_shape.hpp"
#include "model/pooling_layers.hpp"

namespace mfusim {

/// The causal mask added to the scores. The reference of the background adds it once, not once a layer: B H S^2 additions.
/// Real kernels apply it inside attention.
template <class N>
void add_causal_mask(LayerBuilder<N>& layer, const BlockSpec<N>& block, N batch, N tokens) {
  if (block.style.mask != AttentionMask::Causal) return;
  const int at = layer.elementwise("causal_mask", batch * block.heads * tokens * tokens, ElementwiseKind::CausalMask, {});
  layer[at].split = TensorSplit::Inside;
}

/// Token table, positions, token types, norm.
template <class N>
[[nodiscard]] LayerGroup<N> text_embedding(const TextSpec<N>& spec, const InputShapeOf<N>& input) {
  const TextStyle& style = spec.style;
  const N length = input.text_length.value_or(spec.context_length);
  const N tokens = text_tokens(spec, input);
  const N width = spec.block.hidden_size;
  const N values = input.batch * tokens * width;
  LayerBuilder<N> layer("embedding");
  int at = layer.add("tokens", Embedding<N>{.rows = input.batch * length, .vocabulary = spec.vocabulary, .width = width},
                     TensorSplit::Vocabulary, {}, SavedInput::None);
  add_causal_mask(layer, spec.block, input.batch, tokens);
  if (style.scale_embedding) at = layer.elementwise("scale", values, ElementwiseKind::Scale, {at});
  if (!is_zero(spec.token_types)) {
    at = layer.elementwise("token_type", values, ElementwiseKind::Position, {at}, spec.token_types * width);
  }
  if (style.position != TablePosition::None) {
    const N learned = style.position == TablePosition::Learned ? spec.positions * width : N(0);
    at = layer.elementwise("position", values, ElementwiseKind::Position, {at}, style.class_token ? learned + width : learned);
  }
  if (spec.block.style.position == AttentionPosition::BucketBias) {
    at = layer.elementwise("bias_table", N(0), ElementwiseKind::ScoreBias, {at}, spec.block.position_size * spec.block.heads);
  }
  if (style.embedding_norm) {
    at = layer.add("embedding_norm", Norm<N>{.rows = input.batch * tokens, .width = width, .kind = spec.block.style.norm},
                   TensorSplit::Tokens, {at});
  }
  if (spec.block.style.hidden_dropout) at = layer.elementwise("dropout", values, ElementwiseKind::Dropout, {at});
  return layer.finish();
}

/// Final norm, pooling, projection.
template <class N>
[[nodiscard]] LayerGroup<N> text_output(const TextSpec<N>& spec, const InputShapeOf<N>& input) {
  const TextStyle& style = spec.style;
  const N tokens = text_tokens(spec, input);
  const N width = spec.block.hidden_size;
  LayerBuilder<N> layer("output");
  int at = input_of_layer;
  if (style.final_norm == FinalNorm::AllTokens) {
    at = layer.add("final_norm", Norm<N>{.rows = input.batch * tokens, .width = width, .kind = spec.block.style.norm},
                   TensorSplit::Tokens, {at});
  }
  at = pooled(layer, style.pooling, std::optional<AttentionPool<N>>(), input.batch, tokens, width, at);
  if (style.final_norm == FinalNorm::Pooled) {
    at = layer.add("final_norm", Norm<N>{.rows = input.batch, .width = width, .kind = spec.block.style.norm}, TensorSplit::Tokens,
                   {at});
  }
  if (style.pooler) {
    at = layer.add("pooler", plain_linear(input.batch, width, width, true), TensorSplit::Replicated, {at});
    at = layer.add("pooler_activation", Activation<N>{.elements = input.batch * width, .kind = ActivationKind::Tanh},
                   TensorSplit::Replicated, {at});
  }
  projected(layer, style.projection, style.projection_bias, input.batch, width, spec.projection, at);
  return layer.finish();
}

template <class N>
[[nodiscard]] Tower<N> text_tower(const TextSpec<N>& spec, const InputShapeOf<N>& input) {
  Tower<N> tower{.name = "text", .groups = {}, .frozen = spec.style.frozen};
  tower.groups.push_back(text_embedding(spec, input));
  tower.groups.push_back(block_group(spec.block, BlockInput<N>{.batch = input.batch, .tokens = text_tokens(spec, input)}));
  LayerGroup<N> output = text_output(spec, input);
  if (!output.layer.operators.empty()) tower.groups.push_back(std::move(output));
  return tower;
}

}  // namespace mfusim
