// SPDX-License-Identifier: Apache-2.0
#include "sim/data_parallel.hpp"

#include "model/parameters.hpp"
#include "sim/placement.hpp"
#include "sim/priced_step.hpp"
#include "sim/update_traffic.hpp"

#include <utility>

namespace mfusim {
namespace {

ParameterShare layer_share(const Layer<Count>& layer, const TensorGroup& group) {
  ParameterShare share;
  for (const Operator<Count>& op : layer.operators) {
    const double values = sharded_parameters(op, group).as_double();  // tied operators hold none of their own
    share.all += values;
    if (op.trainable) share.trainable += values;
  }
  return share;
}

}  // namespace

std::vector<double> gradient_tensors(const Layer<Count>& layer, const TensorGroup& group) {
  std::vector<double> sizes;
  for (auto op = layer.operators.rbegin(); op != layer.operators.rend(); ++op) {
    const double values = sharded_parameters(*op, group).as_double();
    if (op->trainable && values > 0) sizes.push_back(values);
  }
  return sizes;
}

double parameter_tensors(const Layer<Count>& layer) {
  double tensors = 0;
  for (const Operator<Count>& op : layer.operators) {
    if (!op.trainable || op.tied) continue;
    const auto* linear = std::get_if<Linear<Count>>(&op.shape);
    const auto* norm = std::get_if<Norm<Count>>(&op.shape);
    const bool has_bias =
        (linear != nullptr && linear->bias) || (norm != nullptr && norm->kind == NormKind::LayerNorm && norm->shift);
    if (parameters(op).value() > 0) tensors += has_bias ? 2 : 1;
  }
  return tensors;
}

double parameter_tensors(const ModelChunk& chunk) {
  double tensors = 0;
  for (const LayerRun& run : chunk.runs) tensors += static_cast<double>(run.repeat) * parameter_tensors(*run.layer);
  return tensors;
}

double trainable_parameters(const Layer<Count>& layer, const TensorGroup& group) {
  return layer_share(layer, group).trainable;
}

ParameterShare parameters_of(const ModelChunk& chunk, const TensorGroup& group) {
  ParameterShare total;
  for (const LayerRun& run : chunk.runs) {
    const ParameterShare one = layer_share(*run.layer, group);
    total.all += static_cast<double>(run.repeat) * one.all;
    total.trainable += static_cast<double>(run.repeat) * one.trainable;
  }
  return total;
}

Bytes weight_value(const Scenario& scenario) {
  const bool cast_before = scenario.stack.weights == WeightState::ShardedCast;
  return size_of(cast_before ? scenario.training.precision : scenario.training.state.parameters);
}

Bytes gradient_value(const Scenario& scenario) {
  return size_of(scenario.training.state.gradients);
}

Bytes reduction_value(const Scenario& scenario) {
  return size_of(scenario.training.state.reduction);
}

Step data_collective(const Scenario& scenario, Collective kind, Bytes message, const std::string& name) {
  return group_collective(scenario, kind, message, name, data_group(scenario.parallel, scenario.cluster));
}

GradientReduction::GradientReduction(const Scenario& scenario, StepGraph& graph, int rank,
                                     std::shared_ptr<ReductionRowsBySize> rows)
    : scenario_(scenario),
      graph_(graph),
      rank_(rank),
      rows_(rows == nullptr ? std::make_shared<ReductionRowsBySize>() : std::move(rows)) {}

void GradientReduction::add(double values, StepTask ready) {
  if (gradient_ranks(scenario_.parallel) == 1) return;
  pending_ += values;
  last_ready_ = ready;
  if (scenario_.techniques.dp_overlap && pending_ * reduction_value(scenario_) >= scenario_.stack.gradient_bucket) reduce(ready);
}

void GradientReduction::finish(StepTask backward_end) {
  if (pending_ > 0) reduce(scenario_.techniques.dp_overlap ? last_ready_ : backward_end);
}

void GradientReduction::reduce(StepTask ready) {
  reduced_.push_back(reduce_gradients(scenario_, graph_, rank_, pending_, {}, ready, (*rows_)[pending_]));
  pending_ = 0;
}

Step gradient_norm_step(const Scenario& scenario, double parameters) {
  const KernelContext context = layer_context(scenario).kernels;
  Step step = memory_step(context, MemoryOperator::Optimizer, parameters * gradient_value(scenario), 1);
  step.name = "gradient norm";
  step.step_class = StepClass::Optimizer;
  return step;
}

Step optimizer_step(const Scenario& scenario, double parameters) {
  const KernelContext context = layer_context(scenario).kernels;
  Step step = memory_step(context, MemoryOperator::Optimizer, parameters * update_bytes(scenario), 1);
  step.name = "optimizer";
  step.step_class = StepClass::Optimizer;
  return step;
}

}  // namespace mfusim
