// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/context_parallel.hpp"
#include "sim/data_parallel.hpp"
#include "sim/placement.hpp"
#include "sim/shard_groups.hpp"
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

/// Parameters whose optimizer state the rank keeps.
double held_by(const Scenario& own, const RankUpdate& update) {
  return update.parameters / shard_ranks(own.parallel);
}

}  // namespace

void add_update(const Scenario& scenario, StepGraph& graph, const std::vector<RankUpdate>& ranks) {
  std::vector<TaskId> norms;
  norms.reserve(ranks.size());
  for (const RankUpdate& update : ranks) {
    const Scenario& own = update.view != nullptr ? *update.view : scenario;
    norms.push_back(graph.add(update.rank, gradient_norm_step(own, held_by(own, update)), {}, update.gradients));
  }
  const bool joins = scenario.cluster.gpus > 1 && !scenario.parallel.post_validation;
  if (joins) norms = {graph.add_on_all_ranks(norm_reduction(scenario), norms)};
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const RankUpdate& update = ranks[i];
    const Scenario& own = update.view != nullptr ? *update.view : scenario;
    std::vector<TaskId> last{graph.add(update.rank, optimizer_step(own, held_by(own, update)), {}, norms)};
    if (gathers_new_weights(own.parallel) && !own.techniques.dp_overlap)
      last = {graph.add(update.rank, weight_gather(own, update.parameters, "weight gather"), {}, last)};
    const bool ends_rank = i + 1 == ranks.size() || ranks[i + 1].rank != update.rank;
    if (ends_rank && scenario.stack.step_host_cost > Seconds{})
      static_cast<void>(graph.add(update.rank, host_work(scenario), {}, last));
  }
}

StepGraph record_step(const Scenario& scenario, const Work<Count>& whole) {
  const Work<Count> work = context_share(whole, scenario.parallel.context);
  if (work.towers.size() > 1) return build_contrastive_step(scenario, work);
  return scenario.parallel.zero == 3 ? build_fully_sharded_step(scenario, work) : build_pipeline_step(scenario, work);
}

BuiltStep build_step(const Scenario& scenario, const Work<Count>& work) {
  return vary(record_step(scenario, work).build(), scenario);
}

}  // namespace mfusim
