// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/caption_tower.hpp"
#include "model/contrastive_head.hpp"
#include "model/decoder_tower.hpp"
#include "model/text_tower.hpp"
#include "model/vision_tower.hpp"

namespace mfusim {

/// A frozen tower's parameters get no gradients.
template <class N>
void freeze(Tower<N>& tower) {
  if (!tower.frozen) return;
  for (LayerGroup<N>& group : tower.groups) {
    for (Operator<N>& op : group.layer.operators) op.trainable = false;
  }
}

/// The operators of one pass of the model over `input`, in order; the same description gives operations, parameters,
/// memory and kernels. `input` has passed check_input.
template <class N>
[[nodiscard]] Work<N> build_work(const ModelSpecOf<N>& model, const InputShapeOf<N>& input) {
  Work<N> work;
  if (model.vision) work.towers.push_back(vision_tower(*model.vision, input));
  if (model.text) work.towers.push_back(text_tower(*model.text, input));
  if (model.caption) work.towers.push_back(caption_tower(model, input));
  if (model.decoder) work.towers.push_back(decoder_tower(*model.decoder, input));
  for (Tower<N>& tower : work.towers) freeze(tower);
  const bool contrastive = model.loss == ModelLoss::ContrastiveSoftmax || model.loss == ModelLoss::PairwiseSigmoid;
  if (contrastive) work.head.push_back(contrastive_head(model.loss, embedding_width(model), input));
  return work;
}

extern template Work<Count> build_work(const ModelSpecOf<Count>&, const InputShapeOf<Count>&);

}  // namespace mfusim
