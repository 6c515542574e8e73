// SPDX-License-Identifier: Apache-2.0
#include "model/build_work.hpp"
#include "sim/build_step.hpp"
#include "sim/tied_embedding.hpp"

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
  Work<Count> work = build_work(trained_model(scenario), input_shape(scenario.training, scenario.model));
  copy_tied_tables(scenario.parallel, work);
  return work;
}

}  // namespace mfusim
