// SPDX-License-Identifier: Apache-2.0
#include "hardware/gpu_reader.hpp"
#include "hardware/unfused_attention.hpp"

#include <algorithm>
#include <cmath>

namespace mfusim {

namespace {

bool about_equal(double a, double b) {
  return std::abs(a - b) <= 0.001 * std::max(a, b);
}

/// Ratio of the peaks in `type`, or 0 where either GPU has none.
double peak_ratio(const Gpu& gpu, const Gpu& other, DataType type) {
  if (!gpu.peak.contains(type) || !other.peak.contains(type)) return 0;
  return gpu.peak.at(type) / other.peak.at(type);
}

Provenance weaker(Provenance provenance, bool same) {
  return same ? provenance : std::max(provenance, Provenance::Assumed);
}

void scale_gemm(GpuModel& model, const Gpu& other, const Gpu& gpu, double memory_ratio) {
  const bool same_size = other.streaming_multiprocessors == gpu.streaming_multiprocessors;
  for (const auto& [name, type] : data_type_names()) {
    auto& gemm = model.gemm[static_cast<std::size_t>(type)];
    const double ratio = peak_ratio(gpu, other, type);
    if (ratio <= 0) gemm.reset();
    if (!gemm) continue;
    gemm->law.ceiling = gemm->law.ceiling * ratio;
    gemm->training_ceiling = gemm->training_ceiling * ratio;
    gemm->law.memory_bandwidth = gemm->law.memory_bandwidth * memory_ratio;
    gemm->provenance = weaker(gemm->provenance, same_size && about_equal(ratio, 1));
    if (!same_size) gemm->grid.reset();  // tiles fall on other multiprocessors
  }
}

void scale_attention(GpuModel& model, const Gpu& other, const Gpu& gpu, double memory_ratio) {
  const double ratio = peak_ratio(gpu, other, DataType::Fp16);
  const bool same_size = other.streaming_multiprocessors == gpu.streaming_multiprocessors;
  const bool same = same_size && about_equal(ratio, 1);
  for (auto& kernels : model.attention) {
    for (auto& kernel : kernels) {
      if (!kernel) continue;
      kernel->law.ceiling = kernel->law.ceiling * ratio;
      kernel->law.memory_bandwidth = kernel->law.memory_bandwidth * memory_ratio;
      kernel->provenance = weaker(kernel->provenance, same);
      if (!same_size) kernel->grid.reset();
    }
  }
  scale_rates(model.unaligned, ratio);
  model.unaligned.provenance = weaker(model.unaligned.provenance, same);
}

void scale_collectives(GpuModel& model, const Gpu& other, const Gpu& gpu) {
  const bool linked = other.nvlink_per_direction.value() > 0 && gpu.nvlink_per_direction.value() > 0;
  if (!linked) {
    model.node_collective = {};
    model.switch_reduction.reset();
    return;
  }
  const double ratio = gpu.nvlink_per_direction / other.nvlink_per_direction;
  for (auto& collective : model.node_collective) {
    if (!collective) continue;
    collective->law.bandwidth = collective->law.bandwidth * ratio;
    collective->provenance = weaker(collective->provenance, about_equal(ratio, 1));
    collective->message_scale /= ratio;
  }
  if (model.switch_reduction) {
    model.switch_reduction->bandwidth = model.switch_reduction->bandwidth * ratio;
    model.switch_reduction->provenance = weaker(model.switch_reduction->provenance, about_equal(ratio, 1));
  }
}

}  // namespace

GpuModel transfer_model(const Gpu& other, const Gpu& gpu) {
  GpuModel model = *other.model;
  const double memory_ratio = gpu.memory_bandwidth / other.memory_bandwidth;
  scale_gemm(model, other, gpu, memory_ratio);
  scale_attention(model, other, gpu, memory_ratio);
  scale_collectives(model, other, gpu);
  return model;
}

}  // namespace mfusim
