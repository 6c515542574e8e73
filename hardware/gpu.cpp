// SPDX-License-Identifier: Apache-2.0
#include "hardware/gpu.hpp"

#include "base/input_error.hpp"
#include "hardware/gpu_model.hpp"
#include "hardware/measured_grids.hpp"
#include "hardware/unfused_attention.hpp"

#include <cmath>
#include <stdexcept>

namespace mfusim {

namespace {

const GemmModel& gemm_model(const Gpu& gpu, DataType type) {
  const auto& model = gpu.model->gemm[static_cast<std::size_t>(type)];
  if (!model) throw InputError(gpu.name + " has no figures for " + to_string(type) + " matrix multiplies");
  return *model;
}

FlopsPerSecond ceiling_of(const Gpu& gpu, const GemmModel& model) {
  return gpu.ceiling == Ceiling::Kernel ? model.law.ceiling : model.training_ceiling;
}

/// What it costs to add the result to a sum: the sum is read and written where the law has one value written, and a share of
/// that is not hidden under the multiplies of other tiles. So much a value of the result, however deep the product is.
Seconds sum_time(const Gpu& gpu, const GemmModel& model, const GemmShape& shape) {
  if (shape.sum_value == Bytes()) return Seconds{};
  const double values = static_cast<double>(shape.batch) * static_cast<double>(shape.m) * static_cast<double>(shape.n);
  return values * model.sum_exposed * (2 * shape.sum_value - size_of(shape.dtype)) / gpu.memory_bandwidth;
}

bool inside(const GemmModel& model, const GemmShape& shape) {
  return shape.batch == 1 && model.rows.contains(static_cast<double>(shape.m)) &&
         model.columns.contains(static_cast<double>(shape.n)) && model.depth.contains(static_cast<double>(shape.k));
}

const AttentionModel& attention_model(const Gpu& gpu, const AttentionShape& shape) {
  const auto& model = gpu.model->attention[static_cast<std::size_t>(shape.kernel)][static_cast<std::size_t>(shape.direction)];
  if (!model) throw InputError(gpu.name + " has no figures for attention by " + to_string(shape.kernel));
  return *model;
}

void require_positive(std::initializer_list<std::int64_t> sizes) {
  for (const std::int64_t size : sizes) {
    if (size < 1) throw std::logic_error("kernel shape with a size below 1");
  }
}

}  // namespace

FlopsPerSecond peak_of(const Gpu& gpu, DataType type) {
  const auto found = gpu.peak.find(type);
  if (found == gpu.peak.end()) throw std::logic_error(gpu.name + " has no peak for " + to_string(type));
  return found->second;
}

bool supports(const Gpu& gpu, DataType type) {
  return gpu.peak.contains(type) && gpu.model->gemm[static_cast<std::size_t>(type)].has_value();
}

PredictedTime gemm_time(const Gpu& gpu, const GemmShape& shape) {
  require_positive({shape.m, shape.n, shape.k, shape.batch});
  const GemmModel& model = gemm_model(gpu, shape.dtype);
  const PredictedTime law{.time = gemm_law_time(model.law, shape, ceiling_of(gpu, model), gpu.streaming_multiprocessors),
                          .provenance = model.provenance,
                          .outside_measured_region = !inside(model, shape)};
  const bool as_measured = gpu.ceiling == Ceiling::Kernel && shape.pass != GemmPass::WeightGradient;
  const Provenance exact = as_measured ? Provenance::Measured : Provenance::Interpolated;
  PredictedTime time = shape.batch != 1 ? law : corrected_by(model.grid, law, grid_coordinates(shape), exact);
  time.time += sum_time(gpu, model, shape);
  return time;
}

PredictedTime attention_time(const Gpu& gpu, const AttentionShape& shape) {
  require_positive({shape.batch, shape.heads, shape.kv_heads, shape.queries, shape.keys, shape.head_dim, shape.window});
  if (shape.kernel == AttentionKernel::Unfused) {
    const GemmModel& gemm = gemm_model(gpu, shape.dtype);
    return unfused_attention_time(gpu, shape, gemm.law, ceiling_of(gpu, gemm));
  }
  const AttentionModel& model = attention_model(gpu, shape);
  const double share = model.rate * (gpu.ceiling == Ceiling::Sustained ? model.training_share : 1);
  const PredictedTime law{.time = attention_law_time(model.law, shape, model.law.ceiling * share, gpu.streaming_multiprocessors),
                          .provenance = model.provenance,
                          .outside_measured_region = !model.keys.contains(static_cast<double>(shape.keys)) ||
                                                     !model.head_dim.contains(static_cast<double>(shape.head_dim))};
  if (shape.window < shape.keys || shape.queries != shape.keys) return law;
  return corrected_by(model.grid, law, grid_coordinates(shape), Provenance::Interpolated);
}

PredictedTime memory_time(const Gpu& gpu, const MemoryShape& shape) {
  return {.time = memory_law_time(gpu.model->memory, shape, gpu.memory_bandwidth),
          .provenance = gpu.model->memory_provenance,
          .outside_measured_region = false};
}

Seconds eager_launch_cost(const Gpu& gpu) {
  return gpu.model->eager_launch;
}

}  // namespace mfusim
