// SPDX-License-Identifier: Apache-2.0
#include "sim/contention.hpp"

#include <algorithm>

namespace mfusim {
namespace {

constexpr double collective_sms = 16;
constexpr double send_sms = 2;
constexpr double memory_bytes_a_sent_byte = 2.5;
constexpr std::uint32_t before_kernels = 0;
constexpr std::uint32_t kernels = 1;

/// Bytes of `step` over the time that it takes alone.
double rate_alone(const Step& step) {
  return step.bytes.value() / std::max(1e-12, to_seconds(step.duration).count());
}

}  // namespace

Contention::Contention(const Cluster& cluster, TaskGraphBuilder& builder, int ranks)
    : builder_(builder),
      sms_(cluster.gpu.streaming_multiprocessors),
      memory_rate_(cluster.gpu.memory_bandwidth.value()),
      node_rate_(std::max(cluster.gpu.nvlink_per_direction, cluster.gpu.pcie_per_direction).value()),
      network_rate_(cluster.network.nic_bandwidth.value() * cluster.network.nics_per_node / cluster.gpus_per_node) {
  for (int rank = 0; rank < ranks; ++rank) {
    ranks_.push_back({builder.add_resource(sms_), builder.add_resource(memory_rate_), builder.add_resource(node_rate_),
                      builder.add_resource(std::max(1.0, network_rate_))});
  }
}

UsageId Contention::usage(int rank, std::uint32_t row, const Step& step) {
  if (step.use == StepUse::None || step.duration == Picoseconds{}) return 0;
  const auto [at, fresh] = usages_.try_emplace({rank, row}, 0);
  if (fresh) at->second = builder_.add_usage(usage_of(ranks_[static_cast<std::size_t>(rank)], step));
  return at->second;
}

Usage Contention::usage_of(const RankResources& rank, const Step& step) const {
  switch (step.use) {
    case StepUse::Compute: {
      Usage usage{.demands = {{.resource = rank.sms, .amount = sms_}}, .priority = kernels};
      const double traffic = std::min(memory_rate_, rate_alone(step));
      if (traffic > 0) usage.demands.push_back({.resource = rank.memory, .amount = traffic});
      return usage;
    }
    case StepUse::Memory:
      return {.demands = {{.resource = rank.memory, .amount = memory_rate_}}, .priority = kernels};
    case StepUse::NodeTransfer:
      return transfer(rank, rank.node_link, node_rate_, step);
    case StepUse::NetworkTransfer:
      return transfer(rank, rank.network_link, network_rate_, step);
    case StepUse::None:
      break;
  }
  return {};
}

Usage Contention::transfer(const RankResources& rank, ResourceId link, double link_rate, const Step& step) const {
  const double rate = std::min(link_rate, rate_alone(step));
  if (rate <= 0) return {};
  const double sms = step.step_class == StepClass::PipelineCommunication ? send_sms : collective_sms;
  const double traffic = std::min(memory_rate_, memory_bytes_a_sent_byte * rate);
  return {.demands = {{.resource = rank.sms, .amount = sms, .taking = Taking::Held},
                      {.resource = rank.memory, .amount = traffic},
                      {.resource = link, .amount = rate}},
          .priority = before_kernels,
          .full_speed = rate};
}

}  // namespace mfusim
