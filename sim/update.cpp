// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/context_parallel.hpp"
#include "sim/data_parallel.hpp"
#include "sim/placement.hpp"
#include "sim/priced_step.hpp"
#include "sim/shard_groups.hpp"
#include "sim/towers.hpp"
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
Step copy_gradients(const Scenario& scenario, const RankUpdate& update) {
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

/// Parameters whose optimizer state the rank keeps.
double held_by(const Scenario& own, const RankUpdate& update) {
  return update.parameters / shard_ranks(own.parallel);
}

/// The norm of a rank's gradients, behind what is done to them before.
StepTask add_norm(const Scenario& own, StepGraph& graph, const RankUpdate& update) {
  std::vector<StepTask> gradients = update.gradients;
  if (gradient_copy_bytes(own) > Bytes()) gradients = {graph.add(update.rank, copy_gradients(own, update), {}, gradients)};
  return graph.add(update.rank, gradient_norm_step(own, held_by(own, update)), {}, gradients);
}

/// The optimizer, its launches, and the gather of what it updated; gives what the rank's step ends with.
std::vector<StepTask> add_optimizer(const Scenario& own, StepGraph& graph, const RankUpdate& update,
                                    const std::vector<StepTask>& norms) {
  std::vector<StepTask> last{graph.add(update.rank, optimizer_step(own, held_by(own, update)), {}, norms)};
  if (const double launches = update_launches(own, update.tensors); launches > 0) {
    const std::vector<StepTask> known = host_waits_for_gradients(own) ? norms : std::vector<StepTask>{};
    last.push_back(graph.add(update.rank, optimizer_launches(own, launches), {}, known));
  }
  if (gathers_new_weights(own.parallel) && !gathers_under_forward(own))
    last = {graph.add(update.rank, weight_gather(own, update.parameters, "weight gather"), {}, last)};
  return last;
}

}  // namespace

void add_update(const Scenario& scenario, StepGraph& graph, const std::vector<RankUpdate>& ranks) {
  std::vector<StepTask> norms;
  norms.reserve(ranks.size());
  for (const RankUpdate& update : ranks) {
    const Scenario& own = update.view != nullptr ? *update.view : scenario;
    norms.push_back(add_norm(own, graph, update));
  }
  const bool joins = scenario.cluster.gpus > 1 && !scenario.parallel.post_validation;
  if (joins) norms = {graph.add_on_all_ranks(norm_reduction(scenario), norms)};
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const RankUpdate& update = ranks[i];
    const Scenario& own = update.view != nullptr ? *update.view : scenario;
    const std::vector<StepTask> known = scenario.parallel.post_validation ? std::vector<StepTask>{norms[i]} : norms;
    const std::vector<StepTask> last = add_optimizer(own, graph, update, known);
    const bool ends_rank = i + 1 == ranks.size() || ranks[i + 1].rank != update.rank;
    if (ends_rank && scenario.stack.step_host_cost > Seconds{})
      static_cast<void>(graph.add(update.rank, host_work(scenario), {}, last));
  }
}

StepGraph record_step(const Scenario& scenario, const Work<Count>& whole) {
  Work<Count> work = context_share(whole, scenario.parallel.context);
  if (is_pipeline_step(scenario, work)) return build_pipeline_step(scenario, std::move(work), scenario.parallel.micro_batches);
  if (work.towers.size() > 1) {
    return has_pipelined_tower(scenario) ? build_pipelined_contrastive_step(scenario, work)
                                         : build_contrastive_step(scenario, work);
  }
  return build_fully_sharded_step(scenario, work);
}

StepGraph record_shorter_step(const Scenario& scenario, const Work<Count>& whole, std::int64_t micro_batches) {
  return build_pipeline_step(scenario, context_share(whole, scenario.parallel.context), micro_batches);
}

bool is_pipeline_step(const Scenario& scenario, const Work<Count>& work) {
  return work.towers.size() == 1 && scenario.parallel.zero != 3;
}

BuiltStep build_step(const Scenario& scenario, const Work<Count>& work) {
  return vary(record_step(scenario, work).build(), scenario);
}

}  // namespace mfusim
