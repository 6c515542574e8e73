// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/network.hpp"
#include "sim/sharing.hpp"
#include "sim/step.hpp"

#include <array>
#include <map>
#include <tuple>
#include <vector>

namespace mfusim {

/// A rank's own SMs, memory bandwidth, NVLink port and part of the node's NICs, as ids that count from 0 within the rank.
constexpr std::size_t resources_per_rank = 4;

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
  explicit Contention(const Cluster& cluster);

  [[nodiscard]] std::array<double, resources_per_rank> capacities() const;

  /// What a step takes of its rank's resources; no demands where it shares nothing or takes no time.
  [[nodiscard]] Usage usage_of(const Step& step) const;

 private:
  [[nodiscard]] Usage transfer(ResourceId link, double link_rate, const Step& step) const;

  double sms_, memory_rate_, node_rate_, network_rate_;
};

/// The distinct usages of steps, numbered from 1 as they are met; 0: none. Steps of different streams or scopes never share one,
/// so that at any time a rank runs at most one task of a usage.
class UsageClasses {
 public:
  explicit UsageClasses(const Contention& contention) : contention_(contention) {}

  [[nodiscard]] UsageId of(const Step& step);
  /// By row.
  [[nodiscard]] std::vector<UsageId> of(const StepTable& table);
  [[nodiscard]] const Contention& contention() const { return contention_; }
  /// By number, with the resources of one rank.
  [[nodiscard]] const std::vector<Usage>& usages() const { return usages_; }

 private:
  /// What a step's usage depends on: stream, scope, use, whether it sends to another stage, and the bytes a second that it moves
  /// alone.
  using Key = std::tuple<StreamKind, StepScope, StepUse, bool, double>;

  Contention contention_;
  std::vector<Usage> usages_{Usage{}};
  std::map<Key, UsageId> known_;
};

}  // namespace mfusim
