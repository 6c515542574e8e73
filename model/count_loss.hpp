// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/count_attention.hpp"

#include <stdexcept>

namespace mfusim {

/// A vector of p: squares (p), their sum (p - 1), root, division (p): 2p + 1 and p - 1.
template <class N>
[[nodiscard]] OperationCounts<N> forward_counts(const L2Normalize<N>& normalize) {
  const N& p = normalize.width;
  return normalize.rows * OperationCounts<N>{N(2) * p + N(1), p - N(1)};
}

/// With y = x / |x|: dx = (dy - y (y dy)) / |x|: y again (p), y dy (p, p - 1), y times it (p), difference (p), division (p).
template <class N>
[[nodiscard]] BackwardCounts<N> backward_counts(const L2Normalize<N>& normalize) {
  const N& p = normalize.width;
  return {.input = normalize.rows * OperationCounts<N>{N(4) * p, N(2) * p - N(1)}, .weight = {}};
}

/// Cross entropy of `rows` rows of n scores: a softmax and one logarithm a row.
template <class N>
[[nodiscard]] OperationCounts<N> cross_entropy_counts(const N& rows, const N& n) {
  OperationCounts<N> counts = softmax_counts<N>(rows, n);
  counts.mul += rows;
  return counts;
}

/// The contrastive loss is a cross entropy over the rows and one over the columns. The pairwise one, for each pair:
/// -log sigmoid(label (scale x + bias)): scale, label, exponential, logarithm; bias, 1 + .., running sum.
template <class N>
[[nodiscard]] OperationCounts<N> forward_counts(const Loss<N>& loss) {
  switch (loss.kind) {
    case LossKind::CrossEntropy:
      return cross_entropy_counts<N>(loss.rows, loss.classes);
    case LossKind::ContrastiveCrossEntropy:
      return cross_entropy_counts<N>(loss.rows, loss.classes) + cross_entropy_counts<N>(loss.classes, loss.rows);
    case LossKind::PairwiseSigmoid:
      return loss.rows * loss.classes * OperationCounts<N>{N(4), N(3)};
  }
  throw std::logic_error("unhandled LossKind");
}

/// From the kept probabilities: d(score) = (p - 1 at the target) / rows: one subtraction a row, one division a score; the
/// contrastive loss adds the gradients of its two directions. Pairwise: label sigmoid(-z) / rows times the scale: exponential,
/// 1 + .., division, two multiplications; a product and two sums for scale and bias.
template <class N>
[[nodiscard]] BackwardCounts<N> backward_counts(const Loss<N>& loss) {
  const N scores = loss.rows * loss.classes;
  switch (loss.kind) {
    case LossKind::CrossEntropy:
      return {{scores, loss.rows}, {}};
    case LossKind::ContrastiveCrossEntropy:
      return {{N(2) * scores, loss.rows + loss.classes + scores}, {}};
    case LossKind::PairwiseSigmoid:
      return {{N(4) * scores, scores}, {scores, N(2) * scores}};
  }
  throw std::logic_error("unhandled LossKind");
}

}  // namespace mfusim
