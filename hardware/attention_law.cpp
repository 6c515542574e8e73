// SPDX-License-Identifier: Apache-2.0
#include "hardware/attention_law.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace mfusim {

namespace {

constexpr std::array<std::int64_t, 8> flash2_sizes{32, 64, 96, 128, 160, 192, 224, 256};
constexpr std::array<std::int64_t, 5> flash3_sizes{64, 96, 128, 192, 256};

double query_tile(const AttentionShape& shape, std::int64_t padded) {
  const bool wide = shape.kernel == AttentionKernel::Flash3 && shape.direction == Direction::Forward && padded <= 96;
  return wide ? 192 : 128;
}

double key_tile(AttentionKernel kernel) {
  return kernel == AttentionKernel::Flash3 ? 128 : 64;
}

/// Keys that a block of `tile` queries goes through, on the average. Tiles that a mask or a window of w keys cuts are computed
/// whole: causal, block b of tile T visits min(b T, w) + T keys, in the mean (w + T) (1 - w / 2 keys); without a window w = keys.
double visited_keys(const AttentionShape& shape, double tile) {
  const double step = key_tile(shape.kernel);
  const double all = std::ceil(static_cast<double>(shape.keys) / step) * step;
  const double window = shape.window < shape.keys ? static_cast<double>(shape.window) : all;
  if (!shape.causal) return std::min(all, shape.window < shape.keys ? window + tile : all);
  return std::min(all, (window + tile) * (1 - window / (2 * all)));
}

double waves_of(const AttentionLaw& law, const AttentionShape& shape, double tile, int multiprocessors) {
  const double blocks =
      static_cast<double>(shape.batch) * static_cast<double>(shape.heads) * std::ceil(static_cast<double>(shape.queries) / tile);
  const double w = blocks / multiprocessors;
  return law.wave_softness * std::ceil(w) + (1 - law.wave_softness) * std::max(w, 1.0);
}

double moved_bytes(const AttentionShape& shape) {
  const double width = static_cast<double>(shape.batch) * static_cast<double>(shape.head_dim) * size_of(shape.dtype).value();
  const double query_side = 2 * static_cast<double>(shape.queries) * static_cast<double>(shape.heads);
  const double key_side = 2 * static_cast<double>(shape.keys) * static_cast<double>(shape.kv_heads);
  const double gradients = shape.direction == Direction::Backward ? 2.5 : 1;
  return width * (query_side + key_side) * gradients;
}

}  // namespace

std::int64_t padded_head_dim(AttentionKernel kernel, std::int64_t head_dim) {
  const std::span<const std::int64_t> sizes = kernel == AttentionKernel::Flash3 ? std::span<const std::int64_t>(flash3_sizes)
                                                                                : std::span<const std::int64_t>(flash2_sizes);
  const auto next = std::lower_bound(sizes.begin(), sizes.end(), head_dim);
  return next == sizes.end() ? head_dim : *next;
}

double visible_keys(const AttentionShape& shape) {
  const double keys = static_cast<double>(shape.keys);
  const double window = std::min(static_cast<double>(shape.window), keys);
  if (!shape.causal) return window;
  // Query i of q sees min(i + 1 + keys - q, window); for q = keys the mean is window - window (window - 1) / (2 keys).
  return window - window * (window - 1) / (2 * keys);
}

Seconds attention_law_time(const AttentionLaw& law, const AttentionShape& shape, FlopsPerSecond ceiling, int multiprocessors) {
  const std::int64_t padded = padded_head_dim(shape.kernel, shape.head_dim);
  const double tile = query_tile(shape, padded);
  const double flop_factor = shape.direction == Direction::Forward ? 1.0 : 2.5;
  const double width = static_cast<double>(padded) + law.head_dim_half + (shape.dropout ? law.dropout_dim : 0);
  const double block = 4 * flop_factor * tile * (visited_keys(shape, tile) + law.keys_half) * width;
  const double compute = waves_of(law, shape, tile, multiprocessors) * block / (ceiling.value() / multiprocessors);
  const double memory = moved_bytes(shape) / law.memory_bandwidth.value();
  const double longer = std::max(compute, memory);
  const double ratio = std::min(compute, memory) / longer;
  const double fourth = ratio * ratio * ratio * ratio;
  return law.floor + Seconds(longer * std::sqrt(std::sqrt(1 + fourth)));
}

}  // namespace mfusim
