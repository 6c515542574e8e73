// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/network.hpp"
#include "sim/step.hpp"
#include "sim/task_graph_builder.hpp"

#include <map>
#include <utility>
#include <vector>

namespace mfusim {

/// What the steps of a rank share: its SMs, its memory bandwidth, its NVLink port and its part of the node's NICs.
///
/// | step                | SMs             | memory bandwidth            | link               |
/// | matrix multiply     | all             | its bytes over its time     |                    |
/// | memory-bound kernel |                 | all                         |                    |
/// | collective          | 16, held        | 2.5 bytes a byte sent       | its rate when alone |
/// | send or receive     | 2, held         | 2.5 bytes a byte sent       | its rate when alone |
///
/// Communication is served first, as NCCL's kernels hold their SMs until they end.
/// Source: NCCL maintainers: a channel holds one SM, 16 on DGX nodes with 8 NICs, 2 with one NIC (NVIDIA/nccl issue 689); each
/// NVLink byte costs 2 to 3 bytes of memory traffic on each GPU (issue 1428).
class Contention {
 public:
  Contention(const Cluster& cluster, TaskGraphBuilder& builder, int ranks);

  /// The usage of a table row's step on a rank.
  [[nodiscard]] UsageId usage(int rank, std::uint32_t row, const Step& step);

 private:
  struct RankResources {
    ResourceId sms, memory, node_link, network_link;
  };
  [[nodiscard]] Usage usage_of(const RankResources& rank, const Step& step) const;
  [[nodiscard]] Usage transfer(const RankResources& rank, ResourceId link, double link_rate, const Step& step) const;

  TaskGraphBuilder& builder_;
  double sms_, memory_rate_, node_rate_, network_rate_;
  std::vector<RankResources> ranks_;
  std::map<std::pair<int, std::uint32_t>, UsageId> usages_;
};

}  // namespace mfusim
