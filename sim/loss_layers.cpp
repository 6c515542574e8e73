// SPDX-License-Identifier: Apache-2.0
#include "sim/loss_layers.hpp"

#include "model/contrastive_head.hpp"
#include "sim/activation_memory.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace mfusim {
namespace {

/// A part of a layer runs in program order.
void rechain(Layer<Count>& layer) {
  for (std::size_t i = 0; i < layer.operators.size(); ++i)
    layer.operators[i].inputs = i == 0 ? std::vector<int>{} : std::vector<int>{static_cast<int>(i) - 1};
}

bool works_on_gathered(const Operator<Count>& op) {
  return !std::holds_alternative<L2Normalize<Count>>(op.shape);
}

/// The loss of other rows and columns than the local ones: the whole batch (global), or one block of the ring.
LayerGroup<Count> square_head(const Scenario& scenario, std::int64_t size) {
  InputShape shape;
  shape.batch = size;
  return contrastive_head(scenario.model.loss, embedding_width(scenario.model), shape);
}

LayerGroup<Count> joint_head(const Scenario& scenario, const Scenario& view, const LayerGroup<Count>& head) {
  switch (scenario.loss_exchange) {
    case LossExchange::Local:
      return head;
    case LossExchange::Global:
      return square_head(scenario, scenario.training.global_batch);
    case LossExchange::Ring:
      return square_head(scenario, scenario.training.global_batch / view.parallel.data);
  }
  throw std::logic_error("unhandled LossExchange");
}

}  // namespace

LossLayers loss_layers(const Scenario& scenario, const Scenario& view, const LayerGroup<Count>& head) {
  LossLayers layers;
  layers.own.name = "head";
  layers.joint.name = "loss";
  std::copy_if(head.layer.operators.begin(), head.layer.operators.end(), std::back_inserter(layers.own.operators),
               [](const auto& op) { return !works_on_gathered(op); });
  const LayerGroup<Count> joint = joint_head(scenario, view, head);
  std::copy_if(joint.layer.operators.begin(), joint.layer.operators.end(), std::back_inserter(layers.joint.operators),
               works_on_gathered);
  rechain(layers.own);
  rechain(layers.joint);
  return layers;
}

Bytes loss_memory(const Scenario& scenario, const Scenario& view, const LayerGroup<Count>& head) {
  if (scenario.loss_exchange != LossExchange::Global) return kept_by_layers(view, {head});  // a ring keeps all its blocks
  LossLayers layers = loss_layers(scenario, view, head);
  LayerGroup<Count> own = head;
  LayerGroup<Count> joint = head;
  own.layer = std::move(layers.own);
  joint.layer = std::move(layers.joint);
  return kept_by_layers(view, {own, joint});
}

}  // namespace mfusim
