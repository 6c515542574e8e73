// SPDX-License-Identifier: Apache-2.0
#include "sim/data_parallel.hpp"
#include "sim/layer_pass.hpp"
#include "sim/placement.hpp"

#include <tuple>

namespace mfusim {

namespace {

/// From ZeRO-2 on gradients are reduced at each micro-batch, and only a rank's share of them is added up: not counted.
double summed_micro_batches(const Scenario& scenario) {
  const double micro_batches = static_cast<double>(scenario.parallel.micro_batches);
  if (scenario.parallel.zero >= 2) return 0;
  return scenario.stack.weight_gradient_sum == WeightGradientSum::AfterFirst ? (micro_batches - 1) / micro_batches : 1;
}

/// What passes run again. Flash kernels recompute the scores inside their backward pass: asked to do so, they do nothing more.
Recompute recompute_in_passes(const Scenario& scenario) {
  const bool attention_alone =
      scenario.parallel.recompute == Recompute::Selective && scenario.stack.selective_recompute == SelectiveRecompute::Attention;
  if (attention_alone && scenario.techniques.attention != AttentionKernel::Unfused) return Recompute::None;
  return scenario.parallel.recompute;
}

}  // namespace

LayerContext layer_context(const Scenario& scenario) {
  const Techniques& techniques = scenario.techniques;
  const ParallelPlan& plan = scenario.parallel;
  return LayerContext{
      .kernels = {.gpu = &scenario.cluster.gpu,
                  .precision = scenario.training.precision,
                  .attention = techniques.attention,
                  .fused_operators = techniques.fused_operators,
                  .weights = autocasts(scenario.training, scenario.stack) ? WeightState::Autocast : WeightState::MasterCopy,
                  .weight_gradient_sum = scenario.stack.weight_gradient_sum,
                  .gradient_value = gradient_value(scenario),
                  .summed = summed_micro_batches(scenario),
                  .matrix_library = scenario.stack.matrix_library,
                  .unfused = scenario.stack.unfused,
                  .logits = scenario.stack.logits_traffic},
      .tensor = {.ranks = plan.tensor, .sequence = plan.sequence},
      .context = {.ranks = plan.context,
                  .exchange = plan.context_exchange,
                  .group = context_group(plan, scenario.cluster),
                  .neighbours = context_pair(plan, scenario.cluster)},
      .cluster = &scenario.cluster,
      .launch = scenario.stack.launch,
      .async_tensor_backward = scenario.stack.async_tensor_backward,
      .overlap_chunks = techniques.tp_overlap ? scenario.stack.tp_overlap_chunks : 1,
      .recompute = recompute_in_passes(scenario),
      .selective_recompute = scenario.stack.selective_recompute,
      .recomputed = {recompute_in_passes(scenario), plan.recompute_method, plan.recompute_layers}};
}

bool same_segments(const LayerContext& a, const LayerContext& b) {
  const auto kernels = [](const KernelContext& k) {
    return std::tie(k.precision, k.attention, k.fused_operators, k.weights, k.weight_gradient_sum, k.gradient_value, k.summed,
                    k.matrix_library, k.unfused, k.logits.forward, k.logits.backward);
  };
  const auto others = [](const LayerContext& c) {
    return std::tie(c.tensor, c.context, c.launch, c.async_tensor_backward, c.overlap_chunks, c.recompute, c.selective_recompute,
                    c.recomputed);
  };
  return kernels(a.kernels) == kernels(b.kernels) && others(a) == others(b);
}

Step tensor_collective(const LayerContext& context, Collective kind, double elements, const std::string& name) {
  const Bytes message = elements * size_of(context.kernels.precision);
  const CollectiveShape shape{
      .kind = kind, .message = message, .group = {.ranks = context.tensor.ranks, .ranks_per_node = context.tensor.ranks}};
  const PredictedTime predicted = collective_time(*context.cluster, shape);
  return Step{.name = name,
              .shape = to_string(kind) + " over " + std::to_string(context.tensor.ranks) + " ranks",
              .step_class = StepClass::TensorCommunication,
              .stream = StreamKind::Tensor,
              .use = StepUse::NodeTransfer,
              .scope = StepScope::TensorGroup,
              .duration = to_ticks(predicted.time),
              .flops = Flops(),
              .bytes = bytes_sent(shape),
              .provenance = predicted.provenance,
              .outside_measured_region = predicted.outside_measured_region};
}

SegmentIndex add_kernel(const LayerContext& context, SegmentBuilder& segment, Step step, int kernel_launches,
                        const std::vector<SegmentIndex>& after) {
  if (context.launch == LaunchMode::Graph) return segment.add(std::move(step), after);
  const Seconds host_time = eager_launch_cost(*context.kernels.gpu) * kernel_launches;
  const SegmentIndex launched = segment.add(Step{.name = step.name + " launch",
                                                 .shape = std::to_string(kernel_launches) + " launches",
                                                 .step_class = StepClass::HostLaunch,
                                                 .stream = StreamKind::Host,
                                                 .duration = to_ticks(host_time),
                                                 .flops = Flops(),
                                                 .bytes = Bytes()},
                                            {});
  std::vector<SegmentIndex> waits = after;
  waits.push_back(launched);
  return segment.add(std::move(step), waits);
}

}  // namespace mfusim
