// SPDX-License-Identifier: Apache-2.0
#include "sim/placement.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// `ranks` that are `stride` apart in the numbering of ranks.
Group strided_group(const Cluster& cluster, int ranks, int stride) {
  const int per_node = std::clamp(cluster.gpus_per_node / stride, 1, ranks);
  return {
      .ranks = ranks, .ranks_per_node = per_node, .concurrent_groups_per_node = std::max(1, cluster.gpus_per_node / per_node)};
}

}  // namespace

Group tensor_group(const ParallelPlan& plan) {
  return {.ranks = plan.tensor, .ranks_per_node = plan.tensor};
}

Group data_group(const ParallelPlan& plan, const Cluster& cluster) {
  return strided_group(cluster, gradient_ranks(plan), plan.tensor);
}

Group shard_group(const ParallelPlan& plan, const Cluster& cluster) {
  return strided_group(cluster, plan.shard_group, plan.tensor);
}

Group shard_replicas(const ParallelPlan& plan, const Cluster& cluster) {
  return strided_group(cluster, gradient_ranks(plan) / plan.shard_group, plan.tensor * plan.shard_group);
}

Group context_group(const ParallelPlan& plan, const Cluster& cluster) {
  return strided_group(cluster, plan.context, plan.tensor);
}

Group context_pair(const ParallelPlan& plan, const Cluster& cluster) {
  const Group ring = context_group(plan, cluster);
  const bool same_node = ring.ranks <= ring.ranks_per_node;
  return {.ranks = 2,
          .ranks_per_node = same_node ? 2 : 1,
          .concurrent_groups_per_node = same_node ? 1 : ring.concurrent_groups_per_node};
}

PairReach pair_reach(const ParallelPlan& plan, const Cluster& cluster, int stage, int other_stage) {
  const int ranks = plan.tensor * gradient_ranks(plan);  // of a stage
  for (int i = 0; i < std::min(ranks, cluster.gpus_per_node); ++i) {
    if ((stage * ranks + i) / cluster.gpus_per_node != (other_stage * ranks + i) / cluster.gpus_per_node)
      return PairReach::Network;
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
  const int ranks = plan.tensor * gradient_ranks(plan);  // of a stage
  return {.ranks = 2,
          .ranks_per_node = reach == PairReach::Node ? 2 : 1,
          .concurrent_groups_per_node = std::min(ranks, cluster.gpus_per_node)};
}

Group whole_job(const Cluster& cluster) {
  return {.ranks = cluster.gpus, .ranks_per_node = std::min(cluster.gpus, cluster.gpus_per_node)};
}

}  // namespace mfusim
