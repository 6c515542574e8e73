// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/block_layer.hpp"
#include "model/input_shape.hpp"
#include "model/pooling_layers.hpp"

namespace mfusim {

/// Patches -> tokens: a convolution whose kernels do not overlap is a linear of the patches. The gradient with respect to
/// the pixels is never computed.
template <class N>
[[nodiscard]] LayerGroup<N> patch_embedding(const VisionSpec<N>& spec, const InputShapeOf<N>& input) {
  const VisionStyle& style = spec.style;
  const N width = spec.block.hidden_size;
  const N grid = patch_grid(spec, input);
  const N tokens = vision_tokens(spec, input);
  LayerBuilder<N> layer("embedding");
  int at = layer.add("patch_embedding",
                     Linear<N>{.rows = input.batch * grid * grid,
                               .inputs = spec.channels * spec.patch_size * spec.patch_size,
                               .outputs = width,
                               .bias = style.patch_bias,
                               .unbiased_outputs = N(0),
                               .input_gradient = false},
                     TensorSplit::Tokens, {});
  const N class_parameters = style.class_token ? width : N(0);
  const N rows = style.class_token && style.position_for_class ? grid * grid + N(1) : grid * grid;
  if (style.learned_position) {
    const N all = style.class_token ? grid * grid + N(1) : grid * grid;  // positions come before patch dropout
    at = layer.elementwise("position", input.batch * all * width, ElementwiseKind::Position, {at},
                           rows * width + class_parameters);
  } else if (style.class_token) {
    at = layer.elementwise("class_token", N(0), ElementwiseKind::Position, {at}, class_parameters);
  }
  if (style.pre_norm) {
    at = layer.add("pre_norm", Norm<N>{.rows = input.batch * tokens, .width = width, .kind = spec.block.style.norm},
                   TensorSplit::Tokens, {at});
  }
  return layer.finish();
}

/// Final norm, pooling and projection. The reference of the background counts the final norm on all tokens, as open_clip
/// computes it; Hugging Face normalises the pooled token only: `style.final_norm` says which.
template <class N>
[[nodiscard]] LayerGroup<N> vision_output(const VisionSpec<N>& spec, const InputShapeOf<N>& input) {
  const N tokens = vision_tokens(spec, input);
  const N width = spec.block.hidden_size;
  LayerBuilder<N> layer("output");
  int at = input_of_layer;
  if (spec.style.final_norm == FinalNorm::AllTokens) {
    at = layer.add("final_norm", Norm<N>{.rows = input.batch * tokens, .width = width, .kind = spec.block.style.norm},
                   TensorSplit::Tokens, {at});
  }
  const bool mean = spec.style.pooling == Pooling::Average;
  const N pooled_tokens = mean && spec.style.class_token ? tokens - N(1) : tokens;  // the mean is one of patches
  at = pooled(layer, spec.style.pooling, spec.pool, input.batch, pooled_tokens, width, at);
  const N pooled_width = spec.style.pooling == Pooling::Attention ? spec.pool->width : width;
  if (spec.style.final_norm == FinalNorm::Pooled) {
    const N vectors = spec.style.pooling == Pooling::Attention ? spec.pool->queries : N(1);
    at = layer.add("final_norm", Norm<N>{.rows = input.batch * vectors, .width = pooled_width, .kind = spec.block.style.norm},
                   TensorSplit::Tokens, {at});
  }
  projected(layer, spec.style.projection, spec.style.projection_bias, input.batch, pooled_width, spec.projection, at);
  return layer.finish();
}

template <class N>
[[nodiscard]] Tower<N> vision_tower(const VisionSpec<N>& spec, const InputShapeOf<N>& input) {
  Tower<N> tower{.name = "vision", .groups = {}, .frozen = spec.style.frozen};
  tower.groups.push_back(patch_embedding(spec, input));
  const BlockInput<N> block_input{.batch = input.batch,
                                  .tokens = vision_tokens(spec, input),
                                  .unrotated = N(spec.style.class_token ? 1 : 0),
                                  .grid = patch_grid(spec, input)};
  tower.groups.push_back(block_group(spec.block, block_input));
  LayerGroup<N> output = vision_output(spec, input);
  if (!output.layer.operators.empty()) tower.groups.push_back(std::move(output));
  return tower;
}

}  // namespace mfusim
