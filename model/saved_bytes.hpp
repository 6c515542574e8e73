// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/number.hpp"
#include "model/operator.hpp"

#include <variant>

namespace mfusim {

/// Does the attention kernel keep the probabilities for its backward pass?
enum class AttentionMemory {
  Unfused,  ///< Scores, softmax and values are operators of their own: probabilities (and dropped ones) are kept.
  Fused,    ///< Flash attention recomputes them.
};

/// Bytes that an operator keeps from forward to backward, in 2-byte values (dropout masks 1 byte, scores of a loss 4).
/// Source: Korthikanti et al. 2022, arXiv:2205.05198, section 4.1. As there, what is smaller than a tensor of tokens by
/// the width is left out: statistics of norms, the log-sums of a fused attention kernel, token ids.
template <class N>
[[nodiscard]] N saved_bytes(const Linear<N>& linear, AttentionMemory) {
  return N(2) * linear.rows * linear.inputs;
}
template <class N>
[[nodiscard]] N saved_bytes(const Norm<N>& norm, AttentionMemory) {
  return N(2) * norm.rows * norm.width;
}
/// The gated kinds keep both inputs.
template <class N>
[[nodiscard]] N saved_bytes(const Activation<N>& activation, AttentionMemory) {
  const bool gated = activation.kind == ActivationKind::SwiGlu || activation.kind == ActivationKind::GeGlu;
  return N(gated ? 4 : 2) * activation.elements;
}
template <class N>
[[nodiscard]] N saved_bytes(const Elementwise<N>& elementwise, AttentionMemory) {
  return elementwise.kind == ElementwiseKind::Dropout ? elementwise.elements : N(2) * elementwise.elements;
}
template <class N>
[[nodiscard]] N saved_bytes(const Embedding<N>&, AttentionMemory) {
  return N(0);
}
/// Queries, keys, values. Unfused also: the softmax (2), and with dropout its mask (1) and result (2), for each score.
/// The output is the next operator's input, which that one keeps.
template <class N>
[[nodiscard]] N saved_bytes(const Attention<N>& attention, AttentionMemory memory) {
  const N queries = attention.batch * attention.heads * attention.queries * attention.head_dim;
  const N keys = attention.batch * attention.kv_heads * attention.keys * attention.head_dim;
  const N tensors = N(2) * queries + N(4) * keys;
  if (memory == AttentionMemory::Fused) return tensors;
  const N scores = attention.batch * attention.heads * attention.queries * attention.window;
  return tensors + N(attention.dropout ? 5 : 2) * scores;
}
template <class N>
[[nodiscard]] N saved_bytes(const Matmul<N>& matmul, AttentionMemory) {
  return N(2) * matmul.batch * (matmul.rows + matmul.columns) * matmul.inner;
}
template <class N>
[[nodiscard]] N saved_bytes(const L2Normalize<N>& normalize, AttentionMemory) {
  return N(2) * normalize.rows * normalize.width;
}
/// Losses work on 4-byte scores and keep the probabilities in their place.
template <class N>
[[nodiscard]] N saved_bytes(const Loss<N>& loss, AttentionMemory) {
  return N(4) * loss.rows * loss.classes;
}

/// What the operator adds to the kept memory: nothing where it keeps nothing or shares a tensor that another one keeps.
/// Parameters that are not trained need no kept input; what only weight gradients need is then left out.
template <class N>
[[nodiscard]] N saved_bytes(const Operator<N>& op, AttentionMemory memory) {
  if (op.saved != SavedInput::Kept) return N(0);
  if (!op.trainable && std::holds_alternative<Linear<N>>(op.shape)) return N(0);
  return std::visit([memory](const auto& shape) { return N(saved_bytes(shape, memory)); }, op.shape);
}

}  // namespace mfusim
