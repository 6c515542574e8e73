// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "hardware/kernel.hpp"

namespace mfusim {

/// The time of one flash-attention kernel (one direction) from its shape.
///
///   t     = floor + (tc^4 + tb^4)^(1/4)
///   tc    = waves * 4 F Tq (keys + k0) (d' + d0 + dr) / (ceiling / SMs)
///   waves = softness ceil(w) + (1 - softness) max(w, 1),  w = batch heads ceil(queries / Tq) / SMs
///
/// keys: what a block of Tq queries visits on the average, rounded up to the key tile; causal masks skip whole tiles, so
/// they leave (keys + Tq) / 2. d': head dimension padded to the next compiled size. d0: the exponentials, whose number
/// does not depend on the head dimension. dr: with dropout, the random number of each score, in the same unit. k0: start and end
/// of a block. F: 1 forward, 2.5 backward (five matrix multiplies for two). tb: bytes of Q, K, V, O (and their gradients) over
/// the achieved bandwidth.
/// Source: the block structure is that of FlashAttention-2 (Dao 2023, arXiv:2307.08691) and -3 (Shah et al. 2024,
/// arXiv:2407.08608); the constants are fitted.
struct AttentionLaw {
  FlopsPerSecond ceiling;
  double head_dim_half = 0;  ///< d0.
  double dropout_dim = 0;    ///< dr.
  double keys_half = 0;      ///< k0.
  double wave_softness = 1;
  Seconds floor{};
  BytesPerSecond memory_bandwidth;
};

/// Time of `shape` by `law`, with tiles of shape.kernel (Flash1 and Flash2 share theirs).
[[nodiscard]] Seconds attention_law_time(const AttentionLaw& law, const AttentionShape& shape, FlopsPerSecond ceiling,
                                         int multiprocessors);

/// Head dimension that the kernel computes with: the next size it is compiled for.
/// Source: FlashAttention-2 32, 64, 96, 128, 160, 192, 224, 256; FlashAttention-3 64, 96, 128, 192, 256.
[[nodiscard]] std::int64_t padded_head_dim(AttentionKernel kernel, std::int64_t head_dim);

/// Keys that one query sees on the average: all, half of them (causal), or those of a window.
[[nodiscard]] double visible_keys(const AttentionShape& shape);

}  // namespace mfusim
