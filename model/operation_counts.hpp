// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/count.hpp"
#include "model/number.hpp"

namespace mfusim {

/// Floating-point operations in two classes, as the background of this project counts them: every multiplication,
/// division, exponential, logarithm, hyperbolic tangent or root is one `mul`; every addition or subtraction is one `add`.
/// Comparisons, copies and look-ups are none.
template <class N>
struct OperationCounts {
  N mul{0};
  N add{0};

  [[nodiscard]] N total() const { return mul + add; }
  OperationCounts& operator+=(const OperationCounts& other) {
    mul += other.mul;
    add += other.add;
    return *this;
  }
};

template <class N>
[[nodiscard]] OperationCounts<N> operator+(OperationCounts<N> a, const OperationCounts<N>& b) {
  return a += b;
}

template <class N>
[[nodiscard]] OperationCounts<N> operator*(const N& times, const OperationCounts<N>& counts) {
  return {times * counts.mul, times * counts.add};
}

/// The backward pass of an operator in its two parts: with respect to its inputs, and to its parameters.
template <class N>
struct BackwardCounts {
  OperationCounts<N> input;
  OperationCounts<N> weight;
  [[nodiscard]] OperationCounts<N> total() const { return input + weight; }
};

}  // namespace mfusim
