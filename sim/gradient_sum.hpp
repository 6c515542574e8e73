// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/kernels.hpp"

namespace mfusim {

/// Kernels that add a weight gradient to the sum over the micro-batches; none where the product does it, or nothing is added.
[[nodiscard]] int sum_kernels(const KernelContext& context);

/// What the sum of one value moves: the new gradient and the sum are read, the sum written; a conversion reads the gradient and
/// writes what is then added.
[[nodiscard]] Bytes sum_bytes(const KernelContext& context);

}  // namespace mfusim
