// SPDX-License-Identifier: Apache-2.0
#include "sim/shard_groups.hpp"

#include "sim/data_parallel.hpp"
#include "sim/placement.hpp"

#include <fmt/format.h>

#include <array>

namespace mfusim {

Step group_collective(const Scenario& scenario, Collective kind, Bytes message, const std::string& name, const Group& group) {
  const CollectiveShape shape{.kind = kind, .message = message, .group = group};
  const PredictedTime predicted = collective_time(scenario.cluster, shape);
  return Step{.name = name,
              .shape = fmt::format("{} of {:.4g} MB over {} ranks", to_string(kind), message.value() / 1e6, group.ranks),
              .step_class = StepClass::DataCommunication,
              .stream = StreamKind::Data,
              .use = group.ranks > group.ranks_per_node ? StepUse::NetworkTransfer : StepUse::NodeTransfer,
              .scope = StepScope::DataGroup,
              .duration = to_ticks(predicted.time),
              .flops = Flops(),
              .bytes = bytes_sent(shape),
              .provenance = predicted.provenance,
              .outside_measured_region = predicted.outside_measured_region};
}

bool gathers_new_weights(const ParallelPlan& plan) {
  return (plan.zero == 1 || plan.zero == 2) && plan.shard_group > 1;
}

namespace {

/// Are all gradients summed on all ranks?
bool reduces_whole(const Scenario& scenario) {
  const ShardedReduction reduction = scenario.stack.sharded_reduction;
  if (scenario.parallel.zero == 0) return true;
  if (scenario.parallel.zero > 1 || reduction == ShardedReduction::ToOwners) return false;
  return reduction == ShardedReduction::Whole || scenario.training.precision == DataType::Bf16;
}

}  // namespace

bool gathers_under_forward(const Scenario& scenario) {
  return gathers_new_weights(scenario.parallel) && scenario.techniques.dp_overlap && !scenario.stack.gathers_at_update;
}

Step weight_gather(const Scenario& scenario, double values, const std::string& name) {
  return group_collective(scenario, Collective::AllGather, values * weight_value(scenario), name,
                          shard_group(scenario.parallel, scenario.cluster));
}

StepTask reduce_gradients(const Scenario& scenario, StepGraph& graph, int rank, double values, StepInstance instance,
                          StepTask ready, ReductionRows& rows) {
  const ParallelPlan& plan = scenario.parallel;
  const Bytes message = values * reduction_value(scenario);
  const auto add = [&](Collective kind, Bytes bytes, const char* name, const Group& group, std::size_t& row) {
    if (group.ranks == 1) return ready;
    const std::array<StepTask, 1> after{ready};
    if (row == no_row) graph.know_row(group_collective(scenario, kind, bytes, name, group), row);
    return graph.add_known_row(rank, static_cast<std::uint32_t>(row), instance, after);
  };
  if (reduces_whole(scenario))
    return add(Collective::AllReduce, message, "gradient reduction", data_group(plan, scenario.cluster), rows.inside);
  ready = add(Collective::ReduceScatter, message, "gradient reduction", shard_group(plan, scenario.cluster), rows.inside);
  return add(Collective::AllReduce, message / plan.shard_group, "gradient reduction across shard groups",
             shard_replicas(plan, scenario.cluster), rows.across);
}

}  // namespace mfusim
