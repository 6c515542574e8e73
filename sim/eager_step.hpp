// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/eager_kernels.hpp"
#include "sim/kernels.hpp"

#include <optional>

namespace mfusim {

[[nodiscard]] EagerTypes eager_types(const KernelContext& context);

/// What an operator without products costs as the framework's own kernels.
struct EagerWork {
  EagerKernels kernels;
  double elements = 0;
};

/// The same, or nothing where the software has a fused kernel or the pass no work.
[[nodiscard]] std::optional<EagerWork> eager_work(const KernelContext& context, const Operator<Count>& op, Pass pass);

/// Kernel after kernel, as one step; nothing where there are none.
[[nodiscard]] std::optional<Step> eager_step(const KernelContext& context, const EagerWork& work);

}  // namespace mfusim
