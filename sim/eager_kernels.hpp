// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/kernel.hpp"
#include "model/operator.hpp"
#include "sim/pass.hpp"

#include <vector>

namespace mfusim {

/// Kernels of one family that an eager framework runs for an operator.
struct EagerKernel {
  MemoryOperator family = MemoryOperator::Elementwise;
  double bytes = 0;  ///< Moved for each element of the operator, by all of them.
  int launches = 1;
};
using EagerKernels = std::vector<EagerKernel>;

/// Number formats around an eager operator: its tensors have `value` bytes an element. Under automatic mixed precision norms
/// and softmax compute in fp32, between conversions that are kernels of their own.
struct EagerTypes {
  enum class Arithmetic { OfTensors, Fp32Norms };
  double value = 2;
  Arithmetic arithmetic = Arithmetic::OfTensors;
};

/// The kernels of PyTorch's eager mode for an operator without matrix products, one after the other as its code and its
/// automatic differentiation run them; each kernel reads its inputs and writes its output once. v: bytes of a value.
///
/// | operator            | forward                                     | backward                                          |
/// | LayerNorm           | 2v                                          | 5v: dx (3v), sums for weight and bias (2v)        |
/// | the same in fp32    | v+4, 8, 4+v                                 | v+4, 20, 4+v                                      |
/// | RMSNorm in fp32     | to fp32 v+4, square 8, mean 4, product 8,   | 8v + 60: the derivatives of these six             |
/// |                     | back 4+v, weight 2v                         |                                                   |
/// | GELU and the like   | 2v                                          | 3v                                                |
/// | quick GELU          | x sigmoid(1.702 x): 7v                      | 14v                                               |
/// | squared ReLU        | 4v                                          | 8v                                                |
/// | SwiGLU, GeGLU       | 2v + 3v                                     | 9v; of one product for both halves, their join 4v |
/// | rotary positions    | x cos + rotated(x) sin: 10v                 | 12v                                               |
/// | residual addition   | 3v                                          | 3v: sum of the gradients of both branches         |
///
/// Source: PyTorch documentation, autocast op reference (layer_norm and softmax autocast to fp32) and automatic
/// differentiation of the code that the named operators run in open_clip, Megatron-LM and Llama. The counts put RMSNorm at 10 %
/// of an A100's bandwidth against its least bytes, where 9-16 % are measured (DebarghaG/estimate-train-time@1ac4d5e).
[[nodiscard]] EagerKernels eager_norm(NormKind kind, EagerTypes types, Pass pass);

/// A fused norm on an input that a kernel converts to fp32 (v+4, then 4+v), which the backward pass computes again before its
/// own kernels (gradient v, input 4, result 4; back to v bytes 4+v).
/// Source: InternLM/InternEvo internlm/model/modeling_internlm.py: norm(residual.float()) under dropout_selective_checkpoint.
[[nodiscard]] EagerKernels repeated_fp32_norm(NormKind kind, EagerTypes types, Pass pass);

/// Where gate and values of a gated activation come from: the halves of one product, whose gradients are joined by a copy, or two
/// products, whose own gradients they are (their inputs' gradients are then added: 3v of the hidden size, not counted).
enum class GateProjections { Joined, Separate };
[[nodiscard]] EagerKernels eager_activation(ActivationKind kind, GateProjections gates, EagerTypes types, Pass pass);
[[nodiscard]] EagerKernels eager_elementwise(ElementwiseKind kind, EagerTypes types, Pass pass);

/// Copies that bring queries, keys and values into the layout of the attention core and its output back, for each element
/// of the queries (keys and values: as many). Unfused attention also scales its queries by a kernel of its own.
/// Source: PyTorch, torch/nn/functional.py, multi_head_attention_forward of 1.12 (contiguous, division, bmm) and of 2.2
/// (one copy of the packed projection).
[[nodiscard]] EagerKernels eager_attention_layout(AttentionKernel kernel, EagerTypes types, Pass pass);

/// Launches of all of them.
[[nodiscard]] int launches_of(const EagerKernels& kernels);

}  // namespace mfusim
