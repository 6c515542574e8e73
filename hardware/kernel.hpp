// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"

#include <cstdint>
#include <string>

namespace mfusim {

/// What kind of knowledge a time stands on, from best to worst.
enum class Provenance { Measured, Interpolated, Fitted, DataSheet, Assumed };
[[nodiscard]] std::string to_string(Provenance provenance);

enum class DataType { Fp32, Tf32, Fp16, Bf16, Fp8 };
[[nodiscard]] std::string to_string(DataType type);
[[nodiscard]] Bytes size_of(DataType type);

/// A predicted time of one kernel or collective, and what it stands on.
struct PredictedTime {
  Seconds time{};
  Provenance provenance = Provenance::Assumed;
  bool outside_measured_region = false;
};

/// Which of a linear layer's three matrix multiplies: y = xW, dx = dy W^T, dW = x^T dy.
enum class GemmPass { Forward, InputGradient, WeightGradient };

/// `batch` products C[m,n] = A[m,k] B[k,n] (batch 1: one GEMM). m, n, k are those of this very product.
struct GemmShape {
  std::int64_t m = 1, n = 1, k = 1, batch = 1;
  DataType dtype = DataType::Bf16;
  GemmPass pass = GemmPass::Forward;
  Bytes sum_value{};  ///< Of one value of a sum that the result is added to, read and written; 0: the result is stored.
};

enum class AttentionKernel { Unfused, Flash1, Flash2, Flash3 };
enum class Direction { Forward, Backward };
[[nodiscard]] std::string to_string(AttentionKernel kernel);
[[nodiscard]] std::string to_string(Direction direction);

/// How unfused attention computes its softmax: by a fused kernel for scale, mask and softmax (Megatron-LM), or as the
/// framework's own operators, in the type of the scores or in fp32 (what autocast makes of it).
enum class SoftmaxKernel { Fused, Eager, EagerFp32 };

/// Release of cuBLAS, where it decides what a product costs whose rows do not begin at multiples of 16 bytes: before 11.7, and
/// from it on.
enum class MatrixLibrary { Cublas116, Cublas117 };

/// Attention core of one rank. `window` = keys where there is no sliding window. Unfused: scores go through memory.
struct AttentionShape {
  std::int64_t batch = 1, heads = 1, kv_heads = 1, queries = 1, keys = 1, head_dim = 64, window = 1;
  bool causal = false;
  bool dropout = false;
  DataType dtype = DataType::Bf16;
  AttentionKernel kernel = AttentionKernel::Flash2;
  SoftmaxKernel softmax = SoftmaxKernel::Fused;      ///< Of unfused attention.
  MatrixLibrary library = MatrixLibrary::Cublas117;  ///< Of unfused attention.
  Direction direction = Direction::Forward;
};

/// Families of memory-bound kernels: they differ in the share of the memory bandwidth that they achieve.
enum class MemoryOperator { Elementwise, Activation, LayerNorm, RmsNorm, Softmax, Embedding, Optimizer, Copy };

/// A memory-bound kernel (or `launches` of them): the bytes that it moves, over achieved bandwidth.
struct MemoryShape {
  MemoryOperator op = MemoryOperator::Elementwise;
  Bytes bytes;
  int launches = 1;
  bool fused = true;  ///< False: the framework's own kernel of this family, where it reaches less than a tuned one.
};

}  // namespace mfusim
