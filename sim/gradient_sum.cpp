// SPDX-License-Identifier: Apache-2.0
#include "sim/gradient_sum.hpp"

#include <stdexcept>

namespace mfusim {

int sum_kernels(const KernelContext& context) {
  if (context.weight_gradient_sum == WeightGradientSum::Fused || context.summed == 0) return 0;
  return context.weight_gradient_sum == WeightGradientSum::Converted && context.gradient_value > size_of(context.precision) ? 2
                                                                                                                            : 1;
}

Bytes sum_bytes(const KernelContext& context) {
  const Bytes value = size_of(context.precision);
  const Bytes sum = context.gradient_value;
  switch (context.weight_gradient_sum) {
    case WeightGradientSum::Fused:
      return Bytes();
    case WeightGradientSum::Separate:
      return value + 2 * sum;
    case WeightGradientSum::Converted:
      return sum > value ? value + 4 * sum : 3 * sum;
    case WeightGradientSum::AfterFirst:
      return 3 * sum;
  }
  throw std::logic_error("unhandled WeightGradientSum");
}

}  // namespace mfusim
