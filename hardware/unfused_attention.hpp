// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/gpu.hpp"
#include "hardware/gpu_model.hpp"

namespace mfusim {

/// Bytes that unfused attention moves for each score, v bytes a value.
struct ScoreTraffic {
  double streamed = 0;  ///< By the products, conversions and masks.
  double softmax = 0;   ///< By the framework's softmax kernel, where there is one.
};

/// Passes over the scores beyond the fused ones of the catalog. The products write them (v) and read them (v) forward; backward
/// they write their gradient (v) and read it twice and the probabilities once (3v).
///
/// | softmax           | forward                                           | backward                                   |
/// | Eager             | read v, write v                                   | read 2v, write v                           |
/// | EagerFp32, fp16   | read v, write 4; to 16 bit 4+v                    | to fp32 v+4; read 8, write v               |
/// | EagerFp32, bf16   | to fp32 v+4; read 4, write 4; to 16 bit 4+v       | to fp32 v+4; read 8, write 4; to 16 bit 4+v |
///
/// A causal mask of an eager framework is copied into the scores before the product adds to them (2v forward).
/// Source: PyTorch 1.12: F._scaled_dot_product_attention (baddbmm with the mask, softmax, bmm); autocast op reference (softmax
/// runs in fp32); at::softmax converts fp16, not bf16, inside its kernel (half_to_float).
[[nodiscard]] ScoreTraffic eager_score_traffic(const AttentionShape& shape);

/// All rates multiplied by `factor`.
void scale_rates(UnalignedProducts& products, double factor);

/// Two products forward, four backward (no recomputation of the scores), and the passes over the scores in memory. Masks
/// and windows save nothing: the whole score matrix is computed. `ceiling`: rate that `law` stands on.
/// Rows of scores that do not begin at multiples of 16 bytes keep the products from the widest loads: they then take their flops
/// over the rate of UnalignedProducts, and never less than aligned ones.
/// Source: the count of passes follows from the operators (softmax reads and writes once, the products once each); the rates:
/// hardware/catalog/gpus.
[[nodiscard]] PredictedTime unfused_attention_time(const Gpu& gpu, const AttentionShape& shape, const GemmLaw& law,
                                                   FlopsPerSecond ceiling);

}  // namespace mfusim
