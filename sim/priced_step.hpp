// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/kernel.hpp"
#include "sim/kernels.hpp"

#include <string>

namespace mfusim {

/// A step of the compute stream, its name left empty, that takes what the GPU's laws predict.
[[nodiscard]] Step priced_step(StepClass step_class, std::string shape, const PredictedTime& predicted, Flops flops, Bytes bytes);

/// A matrix multiply reads both operands and writes its result once.
[[nodiscard]] Step gemm_step(const KernelContext& context, const GemmShape& shape);

/// Memory-bound step that moves `bytes`.
[[nodiscard]] Step memory_step(const KernelContext& context, MemoryOperator op, Bytes bytes, int kernel_launches);

}  // namespace mfusim
