// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operation_counts.hpp"
#include "model/operator.hpp"

namespace mfusim {

/// `outputs` scalar products of length `inner`: inner multiplications and inner - 1 additions each.
template <class N>
[[nodiscard]] OperationCounts<N> product_counts(const N& outputs, const N& inner) {
  return {outputs * inner, outputs * (inner - N(1))};
}

/// Outputs that have a bias.
template <class N>
[[nodiscard]] N biased_outputs(const Linear<N>& linear) {
  return linear.bias ? linear.outputs - linear.unbiased_outputs : N(0);
}

/// y = x W + b: K multiplications and K - 1 additions an output, one more addition where it has a bias.
template <class N>
[[nodiscard]] OperationCounts<N> forward_counts(const Linear<N>& linear) {
  OperationCounts<N> counts = product_counts<N>(linear.rows * linear.outputs, linear.inputs);
  counts.add += linear.rows * biased_outputs(linear);
  return counts;
}

/// dx = dy W^T: [rows, inputs] scalar products of length outputs. dW = x^T dy: [inputs, outputs] of length rows.
/// db = sum of dy over rows: rows - 1 additions for each bias.
template <class N>
[[nodiscard]] BackwardCounts<N> backward_counts(const Linear<N>& linear) {
  BackwardCounts<N> counts;
  if (linear.input_gradient) counts.input = product_counts<N>(linear.rows * linear.inputs, linear.outputs);
  counts.weight = product_counts<N>(linear.inputs * linear.outputs, linear.rows);
  counts.weight.add += (linear.rows - N(1)) * biased_outputs(linear);
  return counts;
}

/// C = A B^T without weights.
template <class N>
[[nodiscard]] OperationCounts<N> forward_counts(const Matmul<N>& matmul) {
  return product_counts<N>(matmul.batch * matmul.rows * matmul.columns, matmul.inner);
}

/// dA = dC B: [rows, inner] products of length columns; dB = dC^T A: [columns, inner] of length rows.
template <class N>
[[nodiscard]] BackwardCounts<N> backward_counts(const Matmul<N>& matmul) {
  const OperationCounts<N> of_rows = product_counts<N>(matmul.batch * matmul.rows * matmul.inner, matmul.columns);
  const OperationCounts<N> of_columns = product_counts<N>(matmul.batch * matmul.columns * matmul.inner, matmul.rows);
  return {.input = of_rows + of_columns, .weight = {}};
}

}  // namespace mfusim
