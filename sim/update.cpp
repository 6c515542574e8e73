// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/data_parallel.hpp"
#include "sim/placement.hpp"
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

/// Share of the parameters whose optimizer state a rank keeps.
double optimizer_share(const ParallelPlan& plan) {
  return plan.zero >= 1 ? 1.0 / plan.data : 1.0;
}

}  // namespace

void add_update(const Scenario& scenario, StepGraph& graph, const std::vector<RankUpdate>& ranks) {
  std::vector<TaskId> norms;
  norms.reserve(ranks.size());
  for (const RankUpdate& update : ranks) {
    const Scenario& own = update.view != nullptr ? *update.view : scenario;
    const double share = optimizer_share(own.parallel);
    norms.push_back(graph.add(update.rank, gradient_norm_step(own, share * update.parameters), {}, update.gradients));
  }
  if (scenario.cluster.gpus > 1) norms = {graph.add_on_all_ranks(norm_reduction(scenario), norms)};
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const RankUpdate& update = ranks[i];
    const Scenario& own = update.view != nullptr ? *update.view : scenario;
    const double share = optimizer_share(own.parallel);
    const bool gathers_after = own.parallel.zero >= 1 && own.parallel.data > 1 && !own.techniques.dp_overlap;
    std::vector<TaskId> last{graph.add(update.rank, optimizer_step(own, share * update.parameters), {}, norms)};
    if (gathers_after) {
      const Bytes weights = update.parameters * size_of(own.training.precision);
      last = {graph.add(update.rank, data_collective(own, Collective::AllGather, weights, "weight gather"), {}, last)};
    }
    const bool ends_rank = i + 1 == ranks.size() || ranks[i + 1].rank != update.rank;
    if (ends_rank && scenario.stack.step_host_cost > Seconds{})
      static_cast<void>(graph.add(update.rank, host_work(scenario), {}, last));
  }
}

BuiltStep build_step(const Scenario& scenario, const Work<Count>& work) {
  BuiltStep step = work.towers.size() > 1 ? build_contrastive_step(scenario, work) : build_pipeline_step(scenario, work);
  return vary(std::move(step), scenario);
}

}  // namespace mfusim
