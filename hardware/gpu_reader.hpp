// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "hardware/gpu.hpp"
#include "hardware/gpu_model.hpp"

#include <utility>
#include <vector>

namespace mfusim {

/// Words of the catalog files and of the command line.
[[nodiscard]] const std::vector<std::pair<std::string, DataType>>& data_type_names();
[[nodiscard]] const std::vector<std::pair<std::string, AttentionKernel>>& attention_kernel_names();

/// The data sheet of a catalog entry (everything but the model).
[[nodiscard]] Gpu read_data_sheet(Reader reader);

/// The laws of a catalog entry. `base` is the model to start from where the entry says `kernels_of`.
/// Throws InputError on a missing figure, a missing source or an unknown key.
[[nodiscard]] GpuModel read_gpu_model(Reader& reader, const Gpu& gpu, GpuModel base);

/// Fills formats given as `like` another one: the same law with the ceilings scaled by the peaks' ratio.
void read_gemm(Reader reader, const Gpu& gpu, GpuModel& model);
void read_attention(Reader reader, GpuModel& model);
void read_node_collectives(Reader reader, GpuModel& model);
void read_memory(Reader reader, GpuModel& model);

[[nodiscard]] MeasuredRange read_range(Reader reader);
[[nodiscard]] Provenance read_provenance(Reader& reader);

/// The 90th percentile of `residuals: {points, median, p90}`, or `usual` where a law was not fitted here.
[[nodiscard]] double read_spread(Reader& reader, double usual);

/// The laws of `other` on `gpu`: rates scaled by the ratio of the data sheets. They stay what they were where compute
/// rate and multiprocessors are the same (the same die); otherwise they are assumptions.
[[nodiscard]] GpuModel transfer_model(const Gpu& other, const Gpu& gpu);

}  // namespace mfusim
