// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collective.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// Where the ranks of each group sit. Ranks are numbered as in Megatron-LM: tensor innermost, then context, then data, then
/// pipeline; so tensor groups fill nodes first, and pipeline neighbours are furthest apart. With RankOrder::PipelineBeforeData
/// the last two change places: stages share nodes, and replicas are furthest apart.
[[nodiscard]] Group tensor_group(const ParallelPlan& plan);
/// The ranks that reduce gradients together: data-parallel and context ranks with the same parameters.
[[nodiscard]] Group data_group(const ParallelPlan& plan, const Cluster& cluster);
/// The part of a data group that divides the state between its ranks: neighbours; and the ranks of different such groups that
/// hold the same share.
[[nodiscard]] Group shard_group(const ParallelPlan& plan, const Cluster& cluster);
[[nodiscard]] Group shard_replicas(const ParallelPlan& plan, const Cluster& cluster);
/// The ranks that divide a sequence, and two neighbours of them: the slowest of the ring's links.
[[nodiscard]] Group context_group(const ParallelPlan& plan, const Cluster& cluster);
[[nodiscard]] Group context_pair(const ParallelPlan& plan, const Cluster& cluster);
/// What lies between a sender and a receiver in two pipeline stages. Several stages may share a node; the boundary between two
/// nodes is crossed by every rank of a stage or, where stages do not divide a node, by some, for which the others wait.
enum class PairReach { Node, Network };
[[nodiscard]] PairReach pair_reach(const ParallelPlan& plan, const Cluster& cluster, int stage, int other_stage);
/// The same of the stages that are furthest apart among neighbours: Network where the pipeline leaves a node anywhere.
[[nodiscard]] PairReach furthest_pair(const ParallelPlan& plan, const Cluster& cluster);
/// A sender and a receiver so far apart.
[[nodiscard]] Group pipeline_pair(const ParallelPlan& plan, const Cluster& cluster, PairReach reach);
/// All GPUs of the job.
[[nodiscard]] Group whole_job(const Cluster& cluster);

/// Ranks that hold the same parameters and reduce their gradients: data x context.
[[nodiscard]] constexpr int gradient_ranks(const ParallelPlan& plan) {
  return plan.data * plan.context;
}
/// Ranks over which ZeRO divides the state; 1 where it does not.
[[nodiscard]] constexpr int shard_ranks(const ParallelPlan& plan) {
  return plan.zero > 0 ? plan.shard_group : 1;
}

}  // namespace mfusim
