// SPDX-License-Identifier: Apache-2.0
#include "hardware/scaled_rates.hpp"

#include "hardware/gpu_model.hpp"
#include "hardware/unfused_attention.hpp"

#include <stdexcept>

namespace mfusim {
namespace {

template <class Change>
void each_attention(GpuModel& model, Change change) {
  for (auto& directions : model.attention) {
    for (std::optional<AttentionModel>& attention : directions) {
      if (attention) change(*attention);
    }
  }
}

void scale_compute(Gpu& gpu, GpuModel& model, double factor) {
  for (auto& [type, peak] : gpu.peak) peak = peak * factor;
  for (std::optional<GemmModel>& gemm : model.gemm) {
    if (!gemm) continue;
    gemm->law.ceiling = gemm->law.ceiling * factor;
    gemm->training_ceiling = gemm->training_ceiling * factor;
  }
  each_attention(model, [factor](AttentionModel& attention) { attention.law.ceiling = attention.law.ceiling * factor; });
  scale_rates(model.unaligned, factor);
}

void scale_memory(Gpu& gpu, GpuModel& model, double factor) {
  gpu.memory_bandwidth = gpu.memory_bandwidth * factor;
  for (std::optional<GemmModel>& gemm : model.gemm) {
    if (gemm) gemm->law.memory_bandwidth = gemm->law.memory_bandwidth * factor;
  }
  each_attention(
      model, [factor](AttentionModel& attention) { attention.law.memory_bandwidth = attention.law.memory_bandwidth * factor; });
  for (std::optional<NodeCollectiveModel>& collective : model.node_collective) {
    if (collective) collective->law.copy_bandwidth = collective->law.copy_bandwidth * factor;
  }
}

void scale_node_links(Gpu& gpu, GpuModel& model, double factor) {
  if (gpu.nvlink_per_direction.value() > 0) {
    gpu.nvlink_per_direction = gpu.nvlink_per_direction * factor;
  } else {
    gpu.pcie_per_direction = gpu.pcie_per_direction * factor;
  }
  for (std::optional<NodeCollectiveModel>& collective : model.node_collective) {
    if (collective) collective->law.bandwidth = collective->law.bandwidth * factor;
  }
  if (model.switch_reduction) model.switch_reduction->bandwidth = model.switch_reduction->bandwidth * factor;
}

void require_positive(double factor) {
  if (!(factor > 0)) throw std::logic_error("a rate can only be scaled by a positive factor");
}

}  // namespace

Gpu with_rate(const Gpu& gpu, GpuRate rate, double factor) {
  require_positive(factor);
  Gpu scaled = gpu;
  const auto model = std::make_shared<GpuModel>(*gpu.model);
  switch (rate) {
    case GpuRate::Compute:
      scale_compute(scaled, *model, factor);
      break;
    case GpuRate::Memory:
      scale_memory(scaled, *model, factor);
      break;
    case GpuRate::NodeLinks:
      scale_node_links(scaled, *model, factor);
      break;
    case GpuRate::Launches:
      model->eager_launch = model->eager_launch / factor;
      break;
  }
  scaled.model = model;
  return scaled;
}

Network with_bandwidth(const Network& network, double factor) {
  require_positive(factor);
  Network scaled = network;
  scaled.nic_bandwidth = network.nic_bandwidth * factor;
  return scaled;
}

}  // namespace mfusim
