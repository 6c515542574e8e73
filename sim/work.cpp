// SPDX-License-Identifier: Apache-2.0
#include "model/build_work.hpp"
#include "sim/build_step.hpp"
#include "sim/check_plan.hpp"

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

}  // namespace

Work<Count> micro_batch_work(const Scenario& scenario) {
  return build_work(trained_model(scenario), input_shape(scenario.training, scenario.model));
}

}  // namespace mfusim
