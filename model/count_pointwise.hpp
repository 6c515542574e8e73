// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operation_counts.hpp"
#include "model/operator.hpp"

#include <stdexcept>

namespace mfusim {

/// LayerNorm of a row of d: mean (d - 1 additions, 1 division); variance (d subtractions, d squares, d - 1 additions, 1
/// division); epsilon and root (1, 1); x - mean again (d), division by the root (d), gain (d), shift (d): 3d + 3 and 5d - 1.
/// Without a shift d additions fewer. RMSNorm: squares (d), their sum (d - 1), division, epsilon, root, division of x (d), gain
/// (d): 3d + 2 and d.
template <class N>
[[nodiscard]] OperationCounts<N> forward_counts(const Norm<N>& norm) {
  const N& d = norm.width;
  switch (norm.kind) {
    case NormKind::LayerNorm:
      return norm.rows * OperationCounts<N>{N(3) * d + N(3), N(norm.shift ? 5 : 4) * d - N(1)};
    case NormKind::RmsNorm:
      return norm.rows * OperationCounts<N>{N(3) * d + N(2), d};
  }
  throw std::logic_error("unhandled NormKind");
}

/// With u = (x - mean) r, r = 1/std kept from forward, and g = gain dy: dx = r (g - mean(g) - u mean(g u)).
/// A row: u (d sub, d mul), g (d mul), the two means (2d - 2 add, d mul, 2 div), their use (d mul, 2d sub), r (d mul):
/// 5d + 2 and 5d - 2. RMSNorm has no mean: u (d mul), g (d), mean(g u) (d mul, d - 1 add, 1 div), use (d mul, d sub), r (d):
/// 5d + 1 and 2d - 1. Gain: sum of dy u over rows; shift: sum of dy.
template <class N>
[[nodiscard]] BackwardCounts<N> backward_counts(const Norm<N>& norm) {
  const N& d = norm.width;
  const N values = norm.rows * d;
  const N sums = (norm.rows - N(1)) * d;
  switch (norm.kind) {
    case NormKind::LayerNorm:
      return {norm.rows * OperationCounts<N>{N(5) * d + N(2), N(5) * d - N(2)}, {values, N(norm.shift ? 2 : 1) * sums}};
    case NormKind::RmsNorm:
      return {norm.rows * OperationCounts<N>{N(5) * d + N(1), N(2) * d - N(1)}, {values, sums}};
  }
  throw std::logic_error("unhandled NormKind");
}

/// Operations of one output. QuickGELU x s(1.702 x): scale, exponential, division, product; one addition. GELU is taken
/// at the same cost. SiLU lacks the scale; the gated kinds multiply by the second input. ReLU only compares.
[[nodiscard]] inline OperationCounts<Count> per_element_forward(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::Gelu:
    case ActivationKind::QuickGelu:
      return {4, 1};
    case ActivationKind::Relu:
      return {0, 0};
    case ActivationKind::SquaredRelu:
    case ActivationKind::Tanh:
      return {1, 0};
    case ActivationKind::Silu:
      return {3, 1};
    case ActivationKind::SwiGlu:
      return {4, 1};
    case ActivationKind::GeGlu:
      return {5, 1};
  }
  throw std::logic_error("unhandled ActivationKind");
}

/// Derivative from the kept input, times dy. With s = s(a x): QuickGELU's is s (1 + a x (1 - s)): s again (3 mul, 1 add),
/// 1 - s, a x (1 - s) with a x at hand, 1 + .., s .., dy: 6 and 3; GELU at the same cost; SiLU without a: 5 and 3.
/// SquaredReLU: 2 x dy. Tanh: tanh again, 1 - y^2, dy. Gated: both gradients, the nonlinearity again: d(up) = dy act(gate),
/// d(gate) = dy up act'(gate).
[[nodiscard]] inline OperationCounts<Count> per_element_backward(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::Gelu:
    case ActivationKind::QuickGelu:
      return {6, 3};
    case ActivationKind::Relu:
      return {0, 0};
    case ActivationKind::SquaredRelu:
      return {2, 0};
    case ActivationKind::Tanh:
      return {3, 1};
    case ActivationKind::Silu:
      return {5, 3};
    case ActivationKind::SwiGlu:
      return {8, 3};
    case ActivationKind::GeGlu:
      return {9, 3};
  }
  throw std::logic_error("unhandled ActivationKind");
}

template <class N>
[[nodiscard]] OperationCounts<N> of_elements(const N& elements, const OperationCounts<Count>& each) {
  return {elements * N(each.mul.value()), elements * N(each.add.value())};
}

template <class N>
[[nodiscard]] OperationCounts<N> forward_counts(const Activation<N>& activation) {
  return of_elements(activation.elements, per_element_forward(activation.kind));
}

template <class N>
[[nodiscard]] BackwardCounts<N> backward_counts(const Activation<N>& activation) {
  return {.input = of_elements(activation.elements, per_element_backward(activation.kind)), .weight = {}};
}

}  // namespace mfusim
