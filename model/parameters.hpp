// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/count_linear.hpp"

#include <variant>

namespace mfusim {

/// Learned values of an operator.
template <class N>
[[nodiscard]] N parameters(const Linear<N>& linear) {
  return linear.inputs * linear.outputs + biased_outputs(linear);
}
template <class N>
[[nodiscard]] N parameters(const Norm<N>& norm) {
  return norm.kind == NormKind::LayerNorm && norm.shift ? N(2) * norm.width : norm.width;
}
template <class N>
[[nodiscard]] N parameters(const Elementwise<N>& elementwise) {
  return elementwise.parameters;
}
template <class N>
[[nodiscard]] N parameters(const Embedding<N>& embedding) {
  return embedding.vocabulary * embedding.width;
}
template <class N>
[[nodiscard]] N parameters(const Loss<N>& loss) {
  return loss.parameters;
}
template <class N>
[[nodiscard]] N parameters(const Attention<N>&) {
  return N(0);
}
template <class N>
[[nodiscard]] N parameters(const Activation<N>&) {
  return N(0);
}
template <class N>
[[nodiscard]] N parameters(const Matmul<N>&) {
  return N(0);
}
template <class N>
[[nodiscard]] N parameters(const L2Normalize<N>&) {
  return N(0);
}

/// Learned values that the operator adds to the model: none where they are tied to another operator's.
/// `parameters(op.shape)` through std::visit gives what it holds where it runs alone (a pipeline's last stage).
template <class N>
[[nodiscard]] N parameters(const Operator<N>& op) {
  if (op.tied) return N(0);
  return std::visit([](const auto& shape) { return N(parameters(shape)); }, op.shape);
}

}  // namespace mfusim
