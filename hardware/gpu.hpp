// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "hardware/kernel.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

class GpuModel;  ///< Kernel-time laws of a GPU, fitted; see gpu_model.hpp.

/// Which of a GPU's two ceilings sets the rate of matrix multiplies and attention. Kernel benchmarks (short runs, often
/// friendly data) are faster than the same kernels inside a long step, where power lowers the clocks: shapes are fitted
/// to benchmarks, steps are predicted with the sustained ceiling.
enum class Ceiling { Sustained, Kernel };

/// One GPU: data sheet and kernel-time model. Everything has a source in its catalog file.
struct Gpu {
  std::string name;                         ///< Catalog name: a100-sxm4-80gb.
  std::map<DataType, FlopsPerSecond> peak;  ///< Dense data-sheet rates; a missing type cannot be simulated.
  Bytes memory_capacity;
  BytesPerSecond memory_bandwidth;      ///< Data sheet.
  BytesPerSecond nvlink_per_direction;  ///< 0 where there is none.
  BytesPerSecond pcie_per_direction;
  int linked_gpus = 8;  ///< GPUs of a node that nvlink joins; 2: bridge pairs. Larger groups go through PCIe.
  int streaming_multiprocessors = 0;
  std::shared_ptr<const GpuModel> model;
  Ceiling ceiling = Ceiling::Sustained;
};

/// Peak of `type`. Throws std::logic_error where the GPU has none (scenarios are checked by supports()).
[[nodiscard]] FlopsPerSecond peak_of(const Gpu& gpu, DataType type);
[[nodiscard]] bool supports(const Gpu& gpu, DataType type);

/// A catalog entry by name. Throws InputError with the nearest known name.
[[nodiscard]] Gpu load_gpu(std::string_view name);
[[nodiscard]] std::vector<std::string> gpu_names();

/// Times of one kernel. All sizes must be at least 1. Throws InputError where the GPU has no figures for the data type
/// or the attention kernel (a scenario that asks for them is wrong), std::logic_error on a size below 1.
[[nodiscard]] PredictedTime gemm_time(const Gpu& gpu, const GemmShape& shape);
[[nodiscard]] PredictedTime attention_time(const Gpu& gpu, const AttentionShape& shape);
[[nodiscard]] PredictedTime memory_time(const Gpu& gpu, const MemoryShape& shape);

/// Host cost of launching one kernel from an eager framework, when the host is the bottleneck.
[[nodiscard]] Seconds eager_launch_cost(const Gpu& gpu);

}  // namespace mfusim
