// SPDX-License-Identifier: Apache-2.0
#include "sim/tied_embedding.hpp"

#include "model/parameters.hpp"
#include "sim/data_parallel.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mfusim {
namespace {

/// Values of one rank's share of the token table.
double table_values(const Work<Count>& work, const TensorGroup& group) {
  for (const Operator<Count>& op : work.towers.front().groups.front().layer.operators) {
    if (std::holds_alternative<Embedding<Count>>(op.shape) && op.trainable) return parameters(shard(op, group)).as_double();
  }
  return 0;
}

/// The same rank of the first stage and of the stage with the loss; the other pairs of a node's ranks exchange beside it.
Group embedding_pair(const ParallelPlan& plan, const Cluster& cluster) {
  return pipeline_pair(plan, cluster, pair_reach(plan, cluster, 0, plan.pipeline - 1));
}

Step embedding_reduction(const Scenario& scenario, double values) {
  const CollectiveShape shape{.kind = Collective::AllReduce,
                              .message = values * gradient_value(scenario),
                              .group = embedding_pair(scenario.parallel, scenario.cluster)};
  const PredictedTime predicted = collective_time(scenario.cluster, shape);
  return Step{.name = "tied embedding gradient",
              .shape = fmt::format("all-reduce of {:.4g} MB between the first stage and the loss's", shape.message.value() / 1e6),
              .step_class = StepClass::DataCommunication,
              .stream = StreamKind::Data,
              .use = shape.group.ranks_per_node > 1 ? StepUse::NodeTransfer : StepUse::NetworkTransfer,
              .duration = to_ticks(predicted.time),
              .flops = Flops(),
              .bytes = bytes_sent(shape),
              .provenance = predicted.provenance,
              .outside_measured_region = predicted.outside_measured_region};
}

/// Both stages have their gradients. Kernels behind it wait for the all-reduce anyway.
Step meeting_of_stages() {
  return Step{.name = "tied embedding gradients ready",
              .shape = "first stage and the loss's",
              .step_class = StepClass::DataCommunication,
              .stream = StreamKind::Compute,
              .flops = Flops(),
              .bytes = Bytes()};
}

}  // namespace

bool copies_token_table(const ParallelPlan& plan) {
  return plan.pipeline > 1 && loss_stage(plan) != 0;
}

void reduce_tied_embedding(const Scenario& scenario, const Work<Count>& work, StepGraph& graph,
                           std::vector<RankUpdate>& updates) {
  const ParallelPlan& plan = scenario.parallel;
  const bool tied = scenario.model.decoder && scenario.model.decoder->style.tied_embedding;
  if (!tied || !copies_token_table(plan)) return;
  const double values = table_values(work, {plan.tensor, plan.sequence});
  if (values == 0) return;
  RankUpdate& first = updates.front();
  RankUpdate& last = updates[static_cast<std::size_t>(loss_stage(plan))];
  std::vector<StepTask> ready = first.gradients;
  ready.insert(ready.end(), last.gradients.begin(), last.gradients.end());
  std::size_t meeting_row = no_row;
  std::size_t row = no_row;
  const Step step = embedding_reduction(scenario, values);
  for (RankUpdate* update : {&first, &last}) {
    const std::array<StepTask, 1> met{graph.add_row(update->rank, meeting_of_stages(), meeting_row, {}, ready)};
    update->gradients.push_back(graph.add_row(update->rank, step, row, {}, met));
  }
}

}  // namespace mfusim
