// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/count_linear.hpp"

namespace mfusim {

/// Rows of the score matrices: one a sample, head and query, of `window` scores each. A causal mask does not halve them:
/// masked scores are computed and thrown away, as every published count has it.
template <class N>
[[nodiscard]] N score_rows(const Attention<N>& attention) {
  return attention.batch * attention.heads * attention.queries;
}

/// A row of n scores: n exponentials, n divisions by their sum, n - 1 additions for the sum. The subtraction of the
/// maximum, which only guards against overflow, is not counted.
template <class N>
[[nodiscard]] OperationCounts<N> softmax_counts(const N& rows, const N& n) {
  return {rows * N(2) * n, rows * (n - N(1))};
}

/// Scaled queries, scores Q K^T, softmax, dropout where there is one, values P V.
template <class N>
[[nodiscard]] OperationCounts<N> forward_counts(const Attention<N>& attention) {
  const N rows = score_rows(attention);
  const N scores = rows * attention.window;
  OperationCounts<N> counts = product_counts<N>(scores, attention.head_dim);
  counts += softmax_counts<N>(rows, attention.window);
  counts += product_counts<N>(rows * attention.head_dim, attention.window);
  if (attention.scale) counts.mul += rows * attention.head_dim;
  if (attention.dropout) counts.mul += scores;
  return counts;
}

/// dV = P^T dO, dP = dO V^T, dQ = dS K, dK = dS^T Q: four products of one size, summed over the queries (and over the
/// heads that share a key) where the result is a key's or a value's. Softmax: dS = P (dP - sum(dP P)): two multiplications
/// and two subtractions or additions a score, less one a row. The scale is applied to dQ, the dropout mask to dP.
/// Nothing is counted for scores that a fused kernel computes again: that is recomputation, not the gradient.
template <class N>
[[nodiscard]] BackwardCounts<N> backward_counts(const Attention<N>& attention) {
  const N rows = score_rows(attention);
  const N scores = rows * attention.window;
  const N width_products = scores * attention.head_dim;
  const N key_values = attention.batch * attention.kv_heads * attention.keys * attention.head_dim;
  OperationCounts<N> counts;
  counts += {width_products, width_products - scores};                      // dP
  counts += {width_products, width_products - rows * attention.head_dim};   // dQ
  counts += {N(2) * width_products, N(2) * (width_products - key_values)};  // dK, dV
  counts += {N(2) * scores, N(2) * scores - rows};
  if (attention.scale) counts.mul += rows * attention.head_dim;
  if (attention.dropout) counts.mul += scores;
  return {.input = counts, .weight = {}};
}

}  // namespace mfusim
