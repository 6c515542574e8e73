// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/count_attention.hpp"
#include "model/count_elementwise.hpp"
#include "model/count_linear.hpp"
#include "model/count_loss.hpp"
#include "model/count_pointwise.hpp"
#include "model/operation_counts.hpp"
#include "model/operator.hpp"

#include <variant>

namespace mfusim {

/// Operations of an operator's forward pass, every one counted; the rules stand with each shape's overload.
template <class N>
[[nodiscard]] OperationCounts<N> forward_operations(const Operator<N>& op) {
  return std::visit([](const auto& shape) { return OperationCounts<N>(forward_counts(shape)); }, op.shape);
}

/// Operations of its backward pass by the rules of its gradient. Parameters that are not trained have no gradient.
template <class N>
[[nodiscard]] BackwardCounts<N> backward_operations(const Operator<N>& op) {
  BackwardCounts<N> counts = std::visit([](const auto& shape) { return BackwardCounts<N>(backward_counts(shape)); }, op.shape);
  if (!op.trainable) counts.weight = {};
  return counts;
}

}  // namespace mfusim
