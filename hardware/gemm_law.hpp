// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "hardware/kernel.hpp"

#include <array>

namespace mfusim {

/// Output tiles of a matrix multiply by area: 256x128, 128x128, 256x64, 128x64, 64x64 and their transposes.
inline constexpr int tile_classes = 5;

/// The time of a matrix multiply from its shape.
///
///   t   = floor + (tc^q + tb^q)^(1/q)
///   tc  = min over tiles  waves * 2 Tm Tn (k' + k0) / (ceiling / SMs * e)
///   tb  = bytes / memory_bandwidth
///   waves = softness ceil(w) + (1 - softness) max(w, 1),  w = batch ceil(m/Tm) ceil(n/Tn) / SMs
///
/// k' is k rounded up to 64. k0 stands for filling and draining the pipeline of a tile, e for the rate that a small tile
/// loses because it reads more per flop; softness 1 is strict wave quantisation, 0 none. Bytes are both operands read
/// and the output written once.
/// Source: the tile and wave rules are those of stas00/ml-engineering (Apache-2.0/CC-BY-SA notes on GEMM shapes);
/// the soft waves and the q-norm are ours, chosen because a strict step is not in the measurements.
struct GemmLaw {
  FlopsPerSecond ceiling;  ///< Rate of an endless k on full waves.
  double k_half = 0;       ///< k0 in the formula.
  double wave_softness = 1;
  std::array<double, tile_classes> tile_efficiency{1, 1, 1, 1, 1};
  BytesPerSecond memory_bandwidth;  ///< Achieved by operands and output.
  Seconds floor{};                  ///< The smallest kernel.
  double sharpness = 4;             ///< q in the formula.
};

/// Time of `shape` by `law`, with the tiles' rate set by `ceiling` instead of the law's own, on `multiprocessors`.
[[nodiscard]] Seconds gemm_law_time(const GemmLaw& law, const GemmShape& shape, FlopsPerSecond ceiling, int multiprocessors);

/// The part of it that the tensor cores need (tc in the formula), without floor and memory traffic.
[[nodiscard]] Seconds gemm_compute_time(const GemmLaw& law, const GemmShape& shape, FlopsPerSecond ceiling, int multiprocessors);

}  // namespace mfusim
