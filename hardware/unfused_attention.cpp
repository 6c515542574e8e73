// SPDX-License-Identifier: Apache-2.0
#include "hardware/unfused_attention.hpp"

#include <algorithm>
#include <optional>

namespace mfusim {
namespace {

constexpr double fp32 = 4;

GemmShape scores_product(const AttentionShape& shape) {
  return {.m = shape.queries,
          .n = shape.keys,
          .k = shape.head_dim,
          .batch = shape.batch * shape.heads,
          .dtype = shape.dtype,
          .pass = GemmPass::Forward};
}

GemmShape values_product(const AttentionShape& shape) {
  return {.m = shape.queries,
          .n = shape.head_dim,
          .k = shape.keys,
          .batch = shape.batch * shape.heads,
          .dtype = shape.dtype,
          .pass = GemmPass::Forward};
}

double scores_of(const AttentionShape& shape) {
  return static_cast<double>(shape.batch * shape.heads) * static_cast<double>(shape.queries) * static_cast<double>(shape.keys);
}

Seconds fused_traffic_time(const Gpu& gpu, const AttentionShape& shape) {
  const UnfusedAttentionModel& unfused = gpu.model->unfused;
  const double per_score =
      (shape.direction == Direction::Forward ? unfused.forward_bytes_per_score : unfused.backward_bytes_per_score) +
      (shape.dropout ? unfused.dropout_bytes_per_score : 0);
  const Bytes traffic = size_of(shape.dtype) * (scores_of(shape) * per_score / 2);
  return traffic / (gpu.memory_bandwidth * unfused.bandwidth_share);
}

Seconds eager_traffic_time(const Gpu& gpu, const AttentionShape& shape) {
  const UnfusedAttentionModel& unfused = gpu.model->unfused;
  const ScoreTraffic traffic = eager_score_traffic(shape);
  const double scores = scores_of(shape);
  const double dropout = shape.dropout ? unfused.dropout_bytes_per_score * size_of(shape.dtype).value() / 2 : 0;
  const MemoryShape softmax{
      .op = MemoryOperator::Softmax, .bytes = Bytes(scores * traffic.softmax), .launches = 1, .fused = false};
  return Bytes(scores * (traffic.streamed + dropout)) / (gpu.memory_bandwidth * unfused.bandwidth_share) +
         memory_law_time(gpu.model->memory, softmax, gpu.memory_bandwidth);
}

/// Useful flops of the two (backward: four) products.
Flops product_flops(const AttentionShape& shape) {
  const int products = shape.direction == Direction::Forward ? 2 : 4;
  return Flops(products * 2 * scores_of(shape) * static_cast<double>(shape.head_dim));
}

std::optional<FlopsPerSecond> unaligned_rate(const UnalignedProducts& unaligned, const AttentionShape& shape) {
  constexpr std::int64_t widest_load = 16;
  const auto bytes = static_cast<std::int64_t>(size_of(shape.dtype).value());
  if (shape.keys * bytes % widest_load == 0) return std::nullopt;
  const auto& rates = unaligned.rates[static_cast<std::size_t>(shape.library)][static_cast<std::size_t>(shape.dtype)];
  if (!rates) return std::nullopt;
  if (shape.keys % 4 == 0) return rates->by_four;
  return shape.direction == Direction::Forward ? rates->forward : rates->backward;
}

}  // namespace

ScoreTraffic eager_score_traffic(const AttentionShape& shape) {
  const double v = size_of(shape.dtype).value();
  const bool forward = shape.direction == Direction::Forward;
  const double products = forward ? (shape.causal ? 4 : 2) * v : 4 * v;
  if (shape.softmax != SoftmaxKernel::EagerFp32 || v >= fp32) return {products, (forward ? 2 : 3) * v};
  const double conversion = v + fp32;
  const bool converts_inside = shape.dtype == DataType::Fp16;
  if (forward) {
    return converts_inside ? ScoreTraffic{products + conversion, v + fp32} : ScoreTraffic{products + 2 * conversion, 2 * fp32};
  }
  return converts_inside ? ScoreTraffic{products + conversion, 2 * fp32 + v} : ScoreTraffic{products + 2 * conversion, 3 * fp32};
}

void scale_rates(UnalignedProducts& products, double factor) {
  for (auto& formats : products.rates) {
    for (std::optional<UnalignedRates>& rates : formats) {
      if (rates) rates = UnalignedRates{rates->by_four * factor, rates->forward * factor, rates->backward * factor};
    }
  }
}

PredictedTime unfused_attention_time(const Gpu& gpu, const AttentionShape& shape, const GemmLaw& law, FlopsPerSecond ceiling) {
  const int products = shape.direction == Direction::Forward ? 1 : 2;
  const Seconds pair = gemm_compute_time(law, scores_product(shape), ceiling, gpu.streaming_multiprocessors) +
                       gemm_compute_time(law, values_product(shape), ceiling, gpu.streaming_multiprocessors);
  const Seconds traffic = shape.softmax == SoftmaxKernel::Fused ? fused_traffic_time(gpu, shape) : eager_traffic_time(gpu, shape);
  const Seconds floors = law.floor * (2.0 * products + 1);
  const Seconds aligned = products * pair;
  const Provenance provenance = gpu.model->unfused.provenance;
  const auto rate = unaligned_rate(gpu.model->unaligned, shape);
  if (!rate) return {.time = aligned + traffic + floors, .provenance = provenance, .outside_measured_region = false};
  return {.time = std::max(aligned, product_flops(shape) / *rate) + traffic + floors,
          .provenance = std::max(provenance, gpu.model->unaligned.provenance),
          .outside_measured_region = false};
}

}  // namespace mfusim
