// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/block_layer.hpp"
#include "model/input_shape.hpp"
#include "model/pooling_layers.hpp"
#include "model/text_tower.hpp"

namespace mfusim {

/// A norm outside the blocks.
template <class N>
[[nodiscard]] Norm<N> decoder_norm(const DecoderSpec<N>& spec, N rows) {
  const BlockStyle& style = spec.block.style;
  return {.rows = rows, .width = spec.block.hidden_size, .kind = style.norm, .shift = style.norm_shift};
}

/// Token table -> positions -> norm, dropout.
template <class N>
[[nodiscard]] LayerGroup<N> decoder_embedding(const DecoderSpec<N>& spec, const InputShapeOf<N>& input) {
  const DecoderStyle& style = spec.style;
  const N tokens = sequence_tokens(spec, input);
  const N rows = input.batch * tokens;
  const N width = spec.block.hidden_size;
  const N table_width = is_zero(spec.embedding_size) ? width : spec.embedding_size;
  LayerBuilder<N> layer("embedding");
  int at = layer.add("tokens", Embedding<N>{.rows = rows, .vocabulary = spec.vocabulary, .width = table_width},
                     TensorSplit::Vocabulary, {}, SavedInput::None);
  add_causal_mask(layer, spec.block, input.batch, tokens);
  if (!same(table_width, width)) {
    at = layer.add("project_in", plain_linear(rows, table_width, width, false), TensorSplit::Tokens, {at});
  }
  if (style.position == TablePosition::Learned) {
    const N table = spec.positions.value_or(tokens) + spec.position_offset;
    at = layer.elementwise("position", rows * width, ElementwiseKind::Position, {at}, table * width);
  }
  if (style.embedding_norm) {
    at = layer.add("embedding_norm", decoder_norm(spec, rows), TensorSplit::Tokens, {at});
  }
  if (style.embedding_dropout) layer.elementwise("dropout", rows * width, ElementwiseKind::Dropout, {at});
  return layer.finish();
}

/// Final norm -> logits over the vocabulary -> loss.
template <class N>
[[nodiscard]] LayerGroup<N> decoder_output(const DecoderSpec<N>& spec, const InputShapeOf<N>& input) {
  const N rows = input.batch * sequence_tokens(spec, input);
  const N width = spec.block.hidden_size;
  const N table_width = is_zero(spec.embedding_size) ? width : spec.embedding_size;
  LayerBuilder<N> layer("output");
  int at = input_of_layer;
  if (spec.style.final_norm) {
    at = layer.add("final_norm", decoder_norm(spec, rows), TensorSplit::Tokens, {at});
  }
  if (!same(table_width, width)) {
    at = layer.add("project_out", plain_linear(rows, width, table_width, false), TensorSplit::Tokens, {at});
  }
  at = layer.add("logits", plain_linear(rows, table_width, spec.vocabulary, false), TensorSplit::Vocabulary, {at});
  layer[at].tied = spec.style.tied_embedding;
  layer.add("loss", Loss<N>{.rows = rows, .classes = spec.vocabulary, .kind = LossKind::CrossEntropy, .parameters = N(0)},
            TensorSplit::Vocabulary, {at});
  return layer.finish();
}

template <class N>
[[nodiscard]] Tower<N> decoder_tower(const DecoderSpec<N>& spec, const InputShapeOf<N>& input) {
  Tower<N> tower{.name = "decoder", .groups = {}, .frozen = false};
  tower.groups.push_back(decoder_embedding(spec, input));
  tower.groups.push_back(block_group(spec.block, BlockInput<N>{.batch = input.batch, .tokens = sequence_tokens(spec, input)}));
  tower.groups.push_back(decoder_output(spec, input));
  return tower;
}

}  // namespace mfusim
