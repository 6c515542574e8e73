// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/gpu.hpp"
#include "model/operator.hpp"
#include "sim/pass.hpp"
#include "sim/stack.hpp"
#include "sim/step.hpp"

#include <optional>

namespace mfusim {

/// How operators become kernels: the GPU, and what a software stack makes of it.
struct KernelContext {
  const Gpu* gpu = nullptr;
  DataType precision = DataType::Bf16;
  AttentionKernel attention = AttentionKernel::Flash2;
  bool fused_operators = true;
  WeightState weights = WeightState::MasterCopy;
  WeightGradientSum weight_gradient_sum = WeightGradientSum::AfterFirst;
  Bytes gradient_value{4};  ///< Of one value of the sum over the micro-batches.
  double summed = 0;        ///< Share of the micro-batches whose weight gradients are added to a sum.
  MatrixLibrary matrix_library = MatrixLibrary::Cublas117;
  EagerOperators unfused{};  ///< Operators for which the software has no fused kernel at all.
  LogitsTraffic logits{};    ///< Of the cross entropy over a vocabulary.
};

/// The kernels of one rank's operator in one pass as one step (name empty), or nothing where the pass has no work:
/// no gradient is needed, or another kernel carries it (a fused dropout, a mask inside attention).
/// `flops` are the matmul flops of the step (2 a multiply-add), 0 for memory-bound work.
[[nodiscard]] std::optional<Step> kernel_step(const KernelContext& context, const Operator<Count>& op, Pass pass);

/// Kernels that the step stands for: what an eager host has to launch.
[[nodiscard]] int launches(const KernelContext& context, const Operator<Count>& op, Pass pass);

}  // namespace mfusim
