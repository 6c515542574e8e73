// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operation_counts.hpp"
#include "model/operator.hpp"

#include <stdexcept>

namespace mfusim {

/// Additions: one an element. Dropout and scale: one multiplication. Rotary: x cos + x' sin. Pool: additions down to the
/// averages, one division each.
template <class N>
[[nodiscard]] OperationCounts<N> forward_counts(const Elementwise<N>& elementwise) {
  const N& n = elementwise.elements;
  switch (elementwise.kind) {
    case ElementwiseKind::Residual:
    case ElementwiseKind::Position:
    case ElementwiseKind::CausalMask:
    case ElementwiseKind::ScoreBias:
      return {N(0), n};
    case ElementwiseKind::Dropout:
    case ElementwiseKind::Scale:
      return {n, N(0)};
    case ElementwiseKind::Rotary:
      return {N(2) * n, n};
    case ElementwiseKind::Pool:
      return {elementwise.results, n - elementwise.results};
  }
  throw std::logic_error("unhandled ElementwiseKind");
}

/// Additions pass the gradient on. A residual adds the two gradients that meet where its branch left (one addition an
/// element); learned additions and factors sum their gradient into a zeroed buffer (one addition an element), factors
/// multiply by the kept input first. Average pooling divides each gradient once and copies it.
template <class N>
[[nodiscard]] BackwardCounts<N> backward_counts(const Elementwise<N>& elementwise) {
  const N& n = elementwise.elements;
  const bool learned = !is_zero(elementwise.parameters);
  const OperationCounts<N> none;
  switch (elementwise.kind) {
    case ElementwiseKind::Residual:
      return {{N(0), n}, none};
    case ElementwiseKind::CausalMask:
      return {none, none};
    case ElementwiseKind::Position:
    case ElementwiseKind::ScoreBias:
      return {none, learned ? OperationCounts<N>{N(0), n} : none};
    case ElementwiseKind::Dropout:
      return {{n, N(0)}, none};
    case ElementwiseKind::Scale:
      return {{n, N(0)}, learned ? OperationCounts<N>{n, n} : none};
    case ElementwiseKind::Rotary:
      return {{N(2) * n, n}, none};
    case ElementwiseKind::Pool:
      return {{elementwise.results, N(0)}, none};
  }
  throw std::logic_error("unhandled ElementwiseKind");
}

/// A look-up is no arithmetic; its gradient adds each row into the table's.
template <class N>
[[nodiscard]] OperationCounts<N> forward_counts(const Embedding<N>&) {
  return {};
}
template <class N>
[[nodiscard]] BackwardCounts<N> backward_counts(const Embedding<N>& embedding) {
  return {.input = {}, .weight = {N(0), embedding.rows * embedding.width}};
}

}  // namespace mfusim
