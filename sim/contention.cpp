// SPDX-License-Identifier: Apache-2.0
#include "sim/contention.hpp"

#include <algorithm>
#include <utility>

namespace mfusim {
namespace {

constexpr double collective_sms = 16;
constexpr double send_sms = 2;
constexpr double memory_bytes_a_sent_byte = 2.5;
constexpr std::uint32_t before_kernels = 0;
constexpr std::uint32_t with_kernels = 1;

constexpr ResourceId sms_id = 0;
constexpr ResourceId memory_id = 1;
constexpr ResourceId node_link_id = 2;
constexpr ResourceId network_link_id = 3;

/// Bytes of `step` over the time that it takes alone.
double rate_alone(const Step& step) {
  return step.bytes.value() / std::max(1e-12, to_seconds(step.duration).count());
}

}  // namespace

Contention::Contention(const Cluster& cluster)
    : sms_(cluster.gpu.streaming_multiprocessors),
      memory_rate_(cluster.gpu.memory_bandwidth.value()),
      node_rate_(std::max(cluster.gpu.nvlink_per_direction, cluster.gpu.pcie_per_direction).value()),
      network_rate_(cluster.network.nic_bandwidth.value() * cluster.network.nics_per_node / cluster.gpus_per_node) {}

std::array<double, resources_per_rank> Contention::capacities() const {
  return {sms_, memory_rate_, node_rate_, std::max(1.0, network_rate_)};
}

Usage Contention::usage_of(const Step& step) const {
  if (step.duration == Picoseconds{}) return {};
  switch (step.use) {
    case StepUse::Compute: {
      Usage usage{.demands = {{.resource = sms_id, .amount = sms_}}, .priority = with_kernels};
      const double traffic = std::min(memory_rate_, rate_alone(step));
      if (traffic > 0) usage.demands.push_back({.resource = memory_id, .amount = traffic});
      return usage;
    }
    case StepUse::Memory:
      return {.demands = {{.resource = memory_id, .amount = memory_rate_}}, .priority = with_kernels};
    case StepUse::NodeTransfer:
      return transfer(node_link_id, node_rate_, step);
    case StepUse::NetworkTransfer:
      return transfer(network_link_id, network_rate_, step);
    case StepUse::None:
      break;
  }
  return {};
}

Usage Contention::transfer(ResourceId link, double link_rate, const Step& step) const {
  const double rate = std::min(link_rate, rate_alone(step));
  if (rate <= 0) return {};
  const double sms = step.step_class == StepClass::PipelineCommunication ? send_sms : collective_sms;
  const double traffic = std::min(memory_rate_, memory_bytes_a_sent_byte * rate);
  return {.demands = {{.resource = sms_id, .amount = sms, .taking = Taking::Held},
                      {.resource = memory_id, .amount = traffic},
                      {.resource = link, .amount = rate}},
          .priority = before_kernels,
          .full_speed = rate};
}

UsageId UsageClasses::of(const Step& step) {
  if (step.use == StepUse::None || step.duration == Picoseconds{}) return 0;
  const double rate = step.use == StepUse::Memory ? 0 : rate_alone(step);
  const Key key{step.stream, step.scope, step.use, step.step_class == StepClass::PipelineCommunication, rate};
  const auto [at, fresh] = known_.try_emplace(key, static_cast<UsageId>(usages_.size()));
  if (!fresh) return at->second;
  Usage usage = contention_.usage_of(step);
  if (usage.demands.empty()) return at->second = 0;
  usages_.push_back(std::move(usage));
  return at->second;
}

std::vector<UsageId> UsageClasses::of(const StepTable& table) {
  std::vector<UsageId> of_row;
  of_row.reserve(table.size());
  for (const Step& step : table) of_row.push_back(of(step));
  return of_row;
}

}  // namespace mfusim
