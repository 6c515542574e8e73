// SPDX-License-Identifier: Apache-2.0
#include "sim/communicator_memory.hpp"

#include "sim/placement.hpp"
#include "sim/towers.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace mfusim {
namespace {

constexpr Bytes mebibyte(1024.0 * 1024.0);
constexpr Bytes of_channel = 24 * mebibyte;
constexpr int nvlink_channels = 24;
constexpr int pcie_channels = 4;

int channels(const Group& group, const Cluster& cluster) {
  if (group.ranks > group.ranks_per_node) return 2 * std::clamp(cluster.network.nics_per_node, 1, group.ranks_per_node);
  return cluster.gpu.nvlink_per_direction.value() > 0 ? nvlink_channels : pcie_channels;
}

bool ties_stages(const Scenario& scenario) {
  return scenario.model.decoder && scenario.model.decoder->style.tied_embedding && scenario.parallel.pipeline > 1;
}

/// The ranks of one replica of the model: neighbours in the numbering but for the data dimension.
Group replica(const ParallelPlan& plan, const Cluster& cluster) {
  const int ranks = plan.tensor * plan.pipeline;
  const bool together = plan.rank_order == RankOrder::PipelineBeforeData && plan.context == 1;
  const int in_node = together ? cluster.gpus_per_node : plan.tensor;
  return {.ranks = ranks, .ranks_per_node = std::min(ranks, cluster.gpus <= cluster.gpus_per_node ? ranks : in_node)};
}

std::vector<Group> groups_of(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  const Cluster& cluster = scenario.cluster;
  std::vector<Group> groups{tensor_group(plan), data_group(plan, cluster), context_group(plan, cluster)};
  if (plan.shard_group < gradient_ranks(plan)) {
    groups.push_back(shard_group(plan, cluster));
    groups.push_back(shard_replicas(plan, cluster));
  }
  const Group pair = pipeline_pair(plan, cluster, pair_reach(plan, cluster, 0, 1));
  for (int neighbour = 0; neighbour < std::min(plan.pipeline - 1, 2); ++neighbour) groups.push_back(pair);
  if (ties_stages(scenario)) groups.push_back(pair);
  if (plan.pipeline > 1 && gradient_ranks(plan) > 1) groups.push_back(replica(plan, cluster));
  return groups;
}

/// The job's own communicator beside those of its groups, where none of them is the whole job.
Bytes with_job(std::vector<Group> groups, const Cluster& job) {
  const auto is_job = [&](const Group& group) { return group.ranks == job.gpus; };
  if (std::none_of(groups.begin(), groups.end(), is_job)) groups.push_back(whole_job(job));
  Bytes total;
  for (const Group& group : groups) total += communicator_memory(group, job);
  return total;
}

bool same_groups(const ParallelPlan& a, const ParallelPlan& b) {
  return a.tensor == b.tensor && a.pipeline == b.pipeline && a.data == b.data && a.context == b.context &&
         a.shard_group == b.shard_group;
}

}  // namespace

Bytes communicator_memory(const Group& group, const Cluster& cluster) {
  return group.ranks == 1 ? Bytes() : channels(group, cluster) * of_channel;
}

Bytes communicators_memory(const Scenario& scenario) {
  return with_job(groups_of(scenario), scenario.cluster);
}

Bytes communicators_memory(const Scenario& scenario, std::size_t first_tower) {
  if (scenario.tower_plans.empty()) return communicators_memory(scenario);
  const Scenario first = tower_view(scenario, first_tower);
  std::vector<Group> groups = groups_of(first);
  if (!towers_apart(scenario)) {
    const Scenario text = tower_view(scenario, text_tower_number);
    const std::vector<Group> more = same_groups(first.parallel, text.parallel) ? std::vector<Group>() : groups_of(text);
    groups.insert(groups.end(), more.begin(), more.end());
  }
  return with_job(std::move(groups), scenario.cluster);
}

}  // namespace mfusim
