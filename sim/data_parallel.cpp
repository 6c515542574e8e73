// SPDX-License-Identifier: Apache-2.0
#include "sim/data_parallel.hpp"

#include "model/parameters.hpp"
#include "sim/placement.hpp"
#include "sim/update_traffic.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

ParameterShare layer_share(const Layer<Count>& layer, const TensorGroup& group) {
  ParameterShare share;
  for (const Operator<Count>& op : layer.operators) {
    const double values = parameters(shard(op, group)).as_double();  // tied operators hold none of their own
    share.all += values;
    if (op.trainable) share.trainable += values;
  }
  return share;
}

}  // namespace

std::vector<double> gradient_tensors(const Layer<Count>& layer, const TensorGroup& group) {
  std::vector<double> sizes;
  for (auto op = layer.operators.rbegin(); op != layer.operators.rend(); ++op) {
    const double values = parameters(shard(*op, group)).as_double();
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
    const bool has_bias = (linear != nullptr && linear->bias) || (norm != nullptr && norm->kind == NormKind::LayerNorm);
    if (parameters(op).value() > 0) tensors += has_bias ? 2 : 1;
  }
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
  return scenario.stack.weights == WeightState::Autocast ? size_of(DataType::Fp32) : size_of(scenario.training.precision);
}

Bytes gradient_value(const Scenario& scenario) {
  const GradientState state = scenario.stack.gradients;
  const DataType precision = scenario.training.precision;
  const bool fp32 = state == GradientState::Fp32 || (state == GradientState::Fp32WithBf16 && precision == DataType::Bf16);
  return size_of(fp32 ? DataType::Fp32 : precision);
}

Step data_collective(const Scenario& scenario, Collective kind, Bytes message, const std::string& name) {
  const CollectiveShape shape{.kind = kind, .message = message, .group = data_group(scenario.parallel, scenario.cluster)};
  const PredictedTime predicted = collective_time(scenario.cluster, shape);
  return Step{.name = name,
              .shape = fmt::format("{} of {:.4g} MB over {} ranks", to_string(kind), message.value() / 1e6, shape.group.ranks),
              .step_class = StepClass::DataCommunication,
              .stream = StreamKind::Data,
              .use = shape.group.ranks > shape.group.ranks_per_node ? StepUse::NetworkTransfer : StepUse::NodeTransfer,
              .scope = StepScope::DataGroup,
              .duration = to_ticks(predicted.time),
              .flops = Flops(),
              .bytes = bytes_sent(shape),
              .provenance = predicted.provenance,
              .outside_measured_region = predicted.outside_measured_region};
}

GradientReduction::GradientReduction(const Scenario& scenario, StepGraph& graph, int rank)
    : scenario_(scenario), graph_(graph), rank_(rank) {}

void GradientReduction::add(double values, TaskId ready) {
  if (scenario_.parallel.data == 1) return;
  pending_ += values;
  last_ready_ = ready;
  if (scenario_.techniques.dp_overlap && pending_ * gradient_value(scenario_) >= scenario_.stack.gradient_bucket) reduce(ready);
}

void GradientReduction::finish(TaskId backward_end) {
  if (pending_ > 0) reduce(scenario_.techniques.dp_overlap ? last_ready_ : backward_end);
}

void GradientReduction::reduce(TaskId ready) {
  const Collective kind = scenario_.parallel.zero == 0 ? Collective::AllReduce : Collective::ReduceScatter;
  const std::vector<TaskId> after{ready};
  reduced_.push_back(
      graph_.add(rank_, data_collective(scenario_, kind, pending_ * gradient_value(scenario_), "gradient reduction"), {}, after));
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
