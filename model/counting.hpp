// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/count_operations.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// What counts as an operation.
enum class Convention {
  All,     ///< Every addition and every multiplication, apart (the background's way).
  Mac,     ///< Multiply-adds of matrix products, convolutions and attention.
  Matmul,  ///< Twice that: what PyTorch's FlopCounterMode gives.
  Model,   ///< The numerator of model FLOPs utilisation: Matmul forward, and backward twice it whatever is needed or frozen.
};

[[nodiscard]] std::string to_string(Convention convention);
/// Throws InputError with the nearest known name.
[[nodiscard]] Convention convention_of(std::string_view name);
[[nodiscard]] std::vector<std::string> convention_names();

/// Multiply-adds of an operator's matrix products, forward. Attention: scores and values, the causal half not removed.
/// Everything else has none.
template <class N>
[[nodiscard]] N forward_macs(const Operator<N>& op) {
  if (const auto* linear = std::get_if<Linear<N>>(&op.shape)) return linear->rows * linear->inputs * linear->outputs;
  if (const auto* matmul = std::get_if<Matmul<N>>(&op.shape))
    return matmul->batch * matmul->rows * matmul->columns * matmul->inner;
  if (const auto* attention = std::get_if<Attention<N>>(&op.shape)) {
    return N(2) * score_rows(*attention) * attention->window * attention->head_dim;
  }
  return N(0);
}

/// Multiply-adds of the matrix products of the gradients: the same again for each gradient that is needed.
template <class N>
[[nodiscard]] BackwardCounts<N> backward_macs(const Operator<N>& op) {
  const N once = forward_macs(op);
  if (const auto* linear = std::get_if<Linear<N>>(&op.shape)) {
    return {{linear->input_gradient ? once : N(0), N(0)}, {op.trainable ? once : N(0), N(0)}};
  }
  return {{N(2) * once, N(0)}, {}};
}

/// An operator's forward pass under a convention. Conventions of multiply-adds give one `mul` each; Matmul and Model one
/// `mul` and one `add`.
template <class N>
[[nodiscard]] OperationCounts<N> forward_count(const Operator<N>& op, Convention convention) {
  if (convention == Convention::All) return forward_operations(op);
  const N macs = forward_macs(op);
  return {macs, convention == Convention::Mac ? N(0) : macs};
}

template <class N>
[[nodiscard]] BackwardCounts<N> backward_count(const Operator<N>& op, Convention convention) {
  if (convention == Convention::All) return backward_operations(op);
  if (convention == Convention::Model) {
    const N macs = forward_macs(op);
    return {{macs, macs}, {macs, macs}};
  }
  BackwardCounts<N> counts = backward_macs(op);
  if (convention == Convention::Mac) return counts;
  counts.input.add = counts.input.mul;
  counts.weight.add = counts.weight.mul;
  return counts;
}

}  // namespace mfusim
