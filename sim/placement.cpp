// SPDX-License-Identifier: Apache-2.0
#include "sim/placement.hpp"

#include <algorithm>
#include <cstdint>

namespace mfusim {
namespace {

Group group_of(const Cluster& cluster, int ranks, int per_node) {
  return {
      .ranks = ranks, .ranks_per_node = per_node, .concurrent_groups_per_node = std::max(1, cluster.gpus_per_node / per_node)};
}

/// `ranks` of those that reduce gradients, every `step`th of them: context ranks are neighbours, replicas further apart.
Group gradient_group(const ParallelPlan& plan, const Cluster& cluster, int ranks, int step) {
  const int stages_between = plan.rank_order == RankOrder::PipelineBeforeData ? plan.pipeline : 1;
  if (plan.context == 1 || stages_between == 1)  // evenly spaced
    return group_of(cluster, ranks, std::clamp(cluster.gpus_per_node / (plan.tensor * stages_between * step), 1, ranks));
  const auto place = [&](int i) { return (i % plan.context + i / plan.context * plan.context * stages_between) * plan.tensor; };
  int per_node = 1;
  while (per_node < ranks && place(per_node * step) < cluster.gpus_per_node) ++per_node;
  return group_of(cluster, ranks, per_node);
}

/// Ranks of a stage that follow each other in the numbering.
int neighbours_in_stage(const ParallelPlan& plan) {
  return plan.rank_order == RankOrder::PipelineBeforeData ? plan.tensor * plan.context : plan.tensor * gradient_ranks(plan);
}

}  // namespace

Group tensor_group(const ParallelPlan& plan) {
  return {.ranks = plan.tensor, .ranks_per_node = plan.tensor};
}

Group data_group(const ParallelPlan& plan, const Cluster& cluster) {
  return gradient_group(plan, cluster, gradient_ranks(plan), 1);
}

Group shard_group(const ParallelPlan& plan, const Cluster& cluster) {
  return gradient_group(plan, cluster, plan.shard_group, 1);
}

Group shard_replicas(const ParallelPlan& plan, const Cluster& cluster) {
  return gradient_group(plan, cluster, gradient_ranks(plan) / plan.shard_group, plan.shard_group);
}

Group context_group(const ParallelPlan& plan, const Cluster& cluster) {
  return gradient_group(plan, cluster, plan.context, 1);
}

Group context_pair(const ParallelPlan& plan, const Cluster& cluster) {
  const Group ring = context_group(plan, cluster);
  const bool same_node = ring.ranks <= ring.ranks_per_node;
  return {.ranks = 2,
          .ranks_per_node = same_node ? 2 : 1,
          .concurrent_groups_per_node = same_node ? 1 : ring.concurrent_groups_per_node};
}

PairReach pair_reach(const ParallelPlan& plan, const Cluster& cluster, int stage, int other_stage) {
  const int ranks = neighbours_in_stage(plan);
  const int replicas = plan.tensor * gradient_ranks(plan) / ranks;  // each with a rank of all stages before the next one
  const auto node_of = [&](int replica, int of_stage, int i) {
    return ((std::int64_t{replica} * plan.pipeline + of_stage) * ranks + i) / cluster.gpus_per_node;
  };
  for (int replica = 0; replica < std::min(replicas, cluster.gpus_per_node); ++replica) {  // then nodes begin as before
    for (int i = 0; i < std::min(ranks, cluster.gpus_per_node); ++i) {
      if (node_of(replica, stage, i) != node_of(replica, other_stage, i)) return PairReach::Network;
    }
  }
  return PairReach::Node;
}

PairReach furthest_pair(const ParallelPlan& plan, const Cluster& cluster) {
  for (int stage = 1; stage < plan.pipeline; ++stage) {
    if (pair_reach(plan, cluster, stage - 1, stage) == PairReach::Network) return PairReach::Network;
  }
  return PairReach::Node;
}

Group pipeline_pair(const ParallelPlan& plan, const Cluster& cluster, PairReach reach) {
  return {.ranks = 2,
          .ranks_per_node = reach == PairReach::Node ? 2 : 1,
          .concurrent_groups_per_node = std::min(neighbours_in_stage(plan), cluster.gpus_per_node)};
}

Group whole_job(const Cluster& cluster) {
  return {.ranks = cluster.gpus, .ranks_per_node = std::min(cluster.gpus, cluster.gpus_per_node)};
}

}  // namespace mfusim
