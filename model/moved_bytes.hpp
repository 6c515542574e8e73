// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/parameters.hpp"

#include <stdexcept>
#include <variant>

namespace mfusim {

/// Bytes that an operator's forward pass moves at the least, as one kernel: its inputs and parameters read once, its
/// output written once, in 2-byte values (scores of a loss 4).
template <class N>
[[nodiscard]] N moved_bytes(const Linear<N>& linear) {
  return N(2) * (linear.rows * (linear.inputs + linear.outputs) + parameters(linear));
}
/// The fused kernel: queries, keys, values and the output; scores never leave the chip.
template <class N>
[[nodiscard]] N moved_bytes(const Attention<N>& attention) {
  const N queries = attention.batch * attention.heads * attention.queries * attention.head_dim;
  const N keys = attention.batch * attention.kv_heads * attention.keys * attention.head_dim;
  return N(4) * (queries + keys);
}
template <class N>
[[nodiscard]] N moved_bytes(const Norm<N>& norm) {
  return N(2) * (N(2) * norm.rows * norm.width + parameters(norm));
}
template <class N>
[[nodiscard]] N moved_bytes(const Activation<N>& activation) {
  const bool gated = activation.kind == ActivationKind::SwiGlu || activation.kind == ActivationKind::GeGlu;
  return N(gated ? 6 : 4) * activation.elements;
}
/// A residual addition reads two tensors; dropout also writes its mask; the mask and bias of scores are applied inside the
/// attention kernel.
template <class N>
[[nodiscard]] N moved_bytes(const Elementwise<N>& elementwise) {
  const N& n = elementwise.elements;
  const N weights = N(2) * elementwise.parameters;
  switch (elementwise.kind) {
    case ElementwiseKind::Residual:
      return N(6) * n;
    case ElementwiseKind::Dropout:
      return N(5) * n;
    case ElementwiseKind::Position:
    case ElementwiseKind::Rotary:
    case ElementwiseKind::Scale:
      return N(4) * n + weights;
    case ElementwiseKind::Pool:
      return N(2) * (n + elementwise.results);
    case ElementwiseKind::CausalMask:
    case ElementwiseKind::ScoreBias:
      return weights;
  }
  throw std::logic_error("unhandled ElementwiseKind");
}
template <class N>
[[nodiscard]] N moved_bytes(const Embedding<N>& embedding) {
  return N(4) * embedding.rows * embedding.width;
}
template <class N>
[[nodiscard]] N moved_bytes(const Matmul<N>& matmul) {
  return N(2) * matmul.batch * ((matmul.rows + matmul.columns) * matmul.inner + matmul.rows * matmul.columns);
}
template <class N>
[[nodiscard]] N moved_bytes(const L2Normalize<N>& normalize) {
  return N(4) * normalize.rows * normalize.width;
}
template <class N>
[[nodiscard]] N moved_bytes(const Loss<N>& loss) {
  return N(4) * loss.rows * loss.classes;
}

template <class N>
[[nodiscard]] N moved_bytes(const Operator<N>& op) {
  return std::visit([](const auto& shape) { return N(moved_bytes(shape)); }, op.shape);
}

}  // namespace mfusim
