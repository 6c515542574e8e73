// SPDX-License-Identifier: Apache-2.0
#include "hardware/gemm_law.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mfusim {

namespace {

struct Tile {
  double rows;
  double columns;
  std::size_t efficiency_class;
};

constexpr std::array<Tile, 8> tiles{
    {{256, 128, 0}, {128, 256, 0}, {128, 128, 1}, {256, 64, 2}, {64, 256, 2}, {128, 64, 3}, {64, 128, 3}, {64, 64, 4}}};

constexpr double k_step = 64;

}  // namespace

Seconds gemm_compute_time(const GemmLaw& law, const GemmShape& shape, FlopsPerSecond ceiling, int multiprocessors) {
  const double m = static_cast<double>(shape.m);
  const double n = static_cast<double>(shape.n);
  const double batch = static_cast<double>(shape.batch);
  const double depth = std::ceil(static_cast<double>(shape.k) / k_step) * k_step + law.k_half;
  const double rate = ceiling.value() / multiprocessors;
  double best = std::numeric_limits<double>::infinity();
  for (const Tile& tile : tiles) {
    const double w = batch * std::ceil(m / tile.rows) * std::ceil(n / tile.columns) / multiprocessors;
    const double waves = law.wave_softness * std::ceil(w) + (1 - law.wave_softness) * std::max(w, 1.0);
    const double work = 2 * tile.rows * tile.columns * depth;
    best = std::min(best, waves * work / (rate * law.tile_efficiency[tile.efficiency_class]));
  }
  return Seconds(best);
}

Seconds gemm_law_time(const GemmLaw& law, const GemmShape& shape, FlopsPerSecond ceiling, int multiprocessors) {
  const double m = static_cast<double>(shape.m);
  const double n = static_cast<double>(shape.n);
  const double k = static_cast<double>(shape.k);
  const double bytes = static_cast<double>(shape.batch) * (m * k + k * n + m * n) * size_of(shape.dtype).value();
  const double compute = gemm_compute_time(law, shape, ceiling, multiprocessors).count();
  const double memory = bytes / law.memory_bandwidth.value();
  const double longer = std::max(compute, memory);
  const double ratio = std::min(compute, memory) / longer;
  return law.floor + Seconds(longer * std::pow(1 + std::pow(ratio, law.sharpness), 1 / law.sharpness));
}

}  // namespace mfusim
