// SPDX-License-Identifier: Apache-2.0
#include "model/build_work.hpp"
#include "sim/build_step.hpp"
#include "sim/check_plan.hpp"
#include "sim/tied_embedding.hpp"
#include "sim/towers.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

InputShape input_shape(const Training& training, const ModelSpec& model) {
  InputShape shape;
  shape.batch = training.micro_batch;
  if (training.image_size) shape.image_size = *training.image_size;
  if (training.sequence_length) shape.text_length = *training.sequence_length;
  if (is_contrastive(model)) shape.loss_columns = training.global_batch;
  return shape;
}

/// The loss of a step works on all micro-batches of a rank at once.
std::vector<LayerGroup<Count>> loss_of_step(const Scenario& scenario, const ModelSpec& model) {
  InputShape shape = input_shape(scenario.training, model);
  shape.batch = loss_batch(scenario, 0);
  if (!towers_apart(scenario)) return {contrastive_head(model.loss, embedding_width(model), shape)};
  const LayerGroup<Count> image_rows = contrastive_side(model.loss, embedding_width(model), shape);
  shape.batch = loss_batch(scenario, 1);
  return {image_rows, contrastive_side(model.loss, embedding_width(model), shape)};
}

/// The model as the techniques change it.
ModelSpec trained_model(const Scenario& scenario) {
  ModelSpec model = scenario.model;
  if (!model.decoder) return model;
  BlockSpec<Count>& block = model.decoder->block;
  block.style.parallel_block = block.style.parallel_block || scenario.techniques.parallel_block;
  if (scenario.techniques.sliding_window) block.window = *scenario.techniques.sliding_window;
  return model;
}

/// Logits that use the token table have a copy of it where they run on another stage than the embedding: Megatron-LM keeps both
/// copies equal by summing their gradients (sim/tied_embedding.hpp).
void copy_tied_tables(const ParallelPlan& plan, Work<Count>& work) {
  if (!copies_token_table(plan)) return;
  for (LayerGroup<Count>& group : work.towers.front().groups) {
    for (Operator<Count>& op : group.layer.operators) op.tied = false;
  }
}

}  // namespace

Work<Count> micro_batch_work(const Scenario& scenario) {
  const ModelSpec model = trained_model(scenario);
  InputShape shape = input_shape(scenario.training, model);
  Work<Count> work = build_work(model, shape);
  for (std::size_t tower = 0; tower < scenario.tower_plans.size(); ++tower) {
    shape.batch = scenario.tower_plans[tower].micro_batch;
    work.towers[tower] = build_work(model, shape).towers[tower];
  }
  if (is_contrastive(model)) work.head = loss_of_step(scenario, model);
  copy_tied_tables(scenario.parallel, work);
  return work;
}

}  // namespace mfusim
