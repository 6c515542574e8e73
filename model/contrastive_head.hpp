// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/input_shape.hpp"
#include "model/layer_builder.hpp"
#include "model/spec.hpp"

namespace mfusim {

/// Width of the space that both towers project into.
template <class N>
[[nodiscard]] N embedding_width(const ModelSpecOf<N>& model) {
  if (model.text->style.projection != ProjectionKind::None) return model.text->projection;
  return model.text->block.hidden_size;
}

/// Both embeddings normalised, compared by scalar products, and the loss over the comparisons.
/// Softmax, one rank with the whole batch: one square matrix, cross entropy over its rows and over its columns.
/// Softmax, `loss_columns` samples gathered from all ranks (open_clip's local loss with gathered features): each rank
/// compares its images with all texts and its texts with all images, two matrices [batch, loss_columns].
/// Sigmoid: one matrix [batch, loss_columns] a rank, every entry a pair of its own (Zhai et al. 2023, arXiv:2303.15343).
/// The learned scale (and bias) of the scores counts as parameters; its multiplication is folded into the embeddings.
template <class N>
[[nodiscard]] LayerGroup<N> contrastive_head(ModelLoss loss, N projection, const InputShapeOf<N>& input) {
  const N batch = input.batch;
  const N columns = input.loss_columns.value_or(batch);
  const bool sigmoid = loss == ModelLoss::PairwiseSigmoid;
  const bool square = same(columns, batch);
  LayerBuilder<N> layer("head");
  const L2Normalize<N> normalize{.rows = batch, .width = projection};
  const Matmul<N> product{.batch = N(1), .rows = batch, .columns = columns, .inner = projection};
  const auto add = [&](const std::string& name, OperatorShape<N> shape, std::vector<int> inputs, SavedInput saved) {
    return layer.add(name, std::move(shape), TensorSplit::Replicated, std::move(inputs), saved);
  };
  const int image = add("image_normalize", normalize, {}, SavedInput::Kept);
  const int text = add("text_normalize", normalize, {}, SavedInput::Kept);
  if (sigmoid || square) {
    const LossKind kind = sigmoid ? LossKind::PairwiseSigmoid : LossKind::ContrastiveCrossEntropy;
    const int logits = add("logits", product, {image, text}, SavedInput::Kept);
    add("loss", Loss<N>{.rows = batch, .classes = columns, .kind = kind, .parameters = N(sigmoid ? 2 : 1)}, {logits},
        SavedInput::Kept);
    return layer.finish();
  }
  const int by_image = add("image_logits", product, {image, text}, SavedInput::Kept);
  const int by_text = add("text_logits", product, {image, text}, SavedInput::SharedInput);
  const Loss<N> rows{.rows = batch, .classes = columns, .kind = LossKind::CrossEntropy, .parameters = N(0)};
  add("image_loss", rows, {by_image}, SavedInput::Kept);
  Loss<N> scaled = rows;
  scaled.parameters = N(1);
  add("text_loss", scaled, {by_text}, SavedInput::Kept);
  return layer.finish();
}

/// The loss of one tower's embeddings where the towers are on different GPUs: each side normalises its own, compares them with
/// the other's gathered ones, and takes the loss of its own rows. Sigmoid: every pair counts once, half of them on either side.
template <class N>
[[nodiscard]] LayerGroup<N> contrastive_side(ModelLoss loss, N projection, const InputShapeOf<N>& input) {
  const bool sigmoid = loss == ModelLoss::PairwiseSigmoid;
  const N all = input.loss_columns.value_or(input.batch);
  const N columns = sigmoid ? NumberTraits<N>::quotient(all + N(1), N(2)) : all;
  LayerBuilder<N> layer("head");
  const int own = layer.add("normalize", L2Normalize<N>{.rows = input.batch, .width = projection}, TensorSplit::Replicated, {},
                            SavedInput::Kept);
  const int logits = layer.add("logits", Matmul<N>{.batch = N(1), .rows = input.batch, .columns = columns, .inner = projection},
                               TensorSplit::Replicated, {own}, SavedInput::Kept);
  layer.add("loss",
            Loss<N>{.rows = input.batch,
                    .classes = columns,
                    .kind = sigmoid ? LossKind::PairwiseSigmoid : LossKind::CrossEntropy,
                    .parameters = N(sigmoid ? 2 : 1)},
            TensorSplit::Replicated, {logits}, SavedInput::Kept);
  return layer.finish();
}

}  // namespace mfusim
