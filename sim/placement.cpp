// SPDX-License-Identifier: Apache-2.0
#include "sim/placement.hpp"

#include <algorithm>

namespace mfusim {

Group tensor_group(const ParallelPlan& plan) {
  return {.ranks = plan.tensor, .ranks_per_node = plan.tensor};
}

Group data_group(const ParallelPlan& plan, const Cluster& cluster) {
  const int per_node = std::clamp(cluster.gpus_per_node / plan.tensor, 1, plan.data);
  return {.ranks = plan.data,
          .ranks_per_node = per_node,
          .concurrent_groups_per_node = std::max(1, cluster.gpus_per_node / per_node)};
}

Group pipeline_pair(const ParallelPlan& plan, const Cluster& cluster) {
  const int distance = plan.tensor * plan.data;  // in ranks
  const bool same_node = distance < cluster.gpus_per_node;
  return {
      .ranks = 2, .ranks_per_node = same_node ? 2 : 1, .concurrent_groups_per_node = std::min(distance, cluster.gpus_per_node)};
}

Group whole_job(const Cluster& cluster) {
  return {.ranks = cluster.gpus, .ranks_per_node = std::min(cluster.gpus, cluster.gpus_per_node)};
}

}  // namespace mfusim
