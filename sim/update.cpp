// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/data_parallel.hpp"
#include "sim/placement.hpp"
#include "sim/update_traffic.hpp"
#include "sim/variation.hpp"

namespace mfusim {
namespace {

/// A few bytes over the whole job: the sum of squares of all gradients.
Step norm_reduction(const Scenario& scenario) {
  const CollectiveShape shape{.kind = Collective::AllReduce, .message = Bytes(8), .group = whole_job(scenario.cluster)};
  const PredictedTime predicted = collective_time(scenario.cluster, shape);
  return Step{.name = "gradient norm reduction",
              .shape = "all-reduce over " + std::to_string(shape.group.ranks) + " ranks",
              .step_class = StepClass::DataCommunication,
              .stream = StreamKind::Data,
              .scope = StepScope::Job,
              .duration = to_ticks(predicted.time),
              .flops = Flops(),
              .bytes = bytes_sent(shape),
              .provenance = predicted.provenance,
              .outside_measured_region = predicted.outside_measured_region};
}

Step host_work(const Scenario& scenario) {
  return Step{.name = "host work between steps",
              .shape = scenario.stack.name,
              .step_class = StepClass::HostLaunch,
              .stream = StreamKind::Host,
              .duration = to_ticks(scenario.stack.step_host_cost),
              .flops = Flops(),
              .bytes = Bytes()};
}

/// Passes over all gradients of the rank, whatever share of them it updates.
Step gradient_copies(const Scenario& scenario, const RankUpdate& update) {
  Step step =
      memory_step(layer_context(scenario).kernels, MemoryOperator::Copy, update.parameters * gradient_copy_bytes(scenario), 1);
  step.name = "gradient copies";
  step.step_class = StepClass::Optimizer;
  return step;
}

Step optimizer_launches(const Scenario& scenario, double launches) {
  return Step{.name = "optimizer launches",
              .shape = std::to_string(static_cast<std::int64_t>(launches)) + " launches",
              .step_class = StepClass::HostLaunch,
              .stream = StreamKind::Host,
              .duration = to_ticks(launches * eager_launch_cost(scenario.cluster.gpu)),
              .flops = Flops(),
              .bytes = Bytes()};
}

/// Share of the parameters whose optimizer state a rank keeps.
double optimizer_share(const ParallelPlan& plan) {
  return plan.zero >= 1 ? 1.0 / plan.data : 1.0;
}

}  // namespace

void add_update(const Scenario& scenario, StepGraph& graph, const std::vector<RankUpdate>& ranks) {
  const double share = optimizer_share(scenario.parallel);
  std::vector<TaskId> norms;
  norms.reserve(ranks.size());
  for (const RankUpdate& update : ranks) {
    std::vector<TaskId> gradients = update.gradients;
    if (gradient_copy_bytes(scenario) > Bytes())
      gradients = {graph.add(update.rank, gradient_copies(scenario, update), {}, gradients)};
    norms.push_back(graph.add(update.rank, gradient_norm_step(scenario, share * update.parameters), {}, gradients));
  }
  if (scenario.cluster.gpus > 1) norms = {graph.add_on_all_ranks(norm_reduction(scenario), norms)};
  const bool gathers_after = scenario.parallel.zero >= 1 && scenario.parallel.data > 1 && !scenario.techniques.dp_overlap;
  for (const RankUpdate& update : ranks) {
    std::vector<TaskId> last{graph.add(update.rank, optimizer_step(scenario, share * update.parameters), {}, norms)};
    if (const double launches = update_launches(scenario, update.tensors); launches > 0) {
      const std::vector<TaskId> known = host_waits_for_gradients(scenario) ? norms : std::vector<TaskId>{};
      last.push_back(graph.add(update.rank, optimizer_launches(scenario, launches), {}, known));
    }
    if (gathers_after) {
      const Bytes weights = update.parameters * size_of(scenario.training.precision);
      last = {graph.add(update.rank, data_collective(scenario, Collective::AllGather, weights, "weight gather"), {}, last)};
    }
    if (scenario.stack.step_host_cost > Seconds{}) static_cast<void>(graph.add(update.rank, host_work(scenario), {}, last));
  }
}

BuiltStep build_step(const Scenario& scenario, const Work<Count>& work) {
  BuiltStep step = work.towers.size() > 1 ? build_contrastive_step(scenario, work) : build_pipeline_step(scenario, work);
  return vary(std::move(step), scenario);
}

}  // namespace mfusim
