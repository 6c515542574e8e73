// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/layer_builder.hpp"
#include "model/spec.hpp"

#include <optional>

namespace mfusim {

template <class N>
[[nodiscard]] Linear<N> plain_linear(N rows, N inputs, N outputs, bool bias) {
  return {.rows = rows, .inputs = inputs, .outputs = outputs, .bias = bias, .unbiased_outputs = N(0), .input_gradient = true};
}

/// Learned queries attend to all tokens of a sample (Lee et al. 2019, arXiv:1810.00825): q from the queries, k and v from
/// the tokens; then an MLP with its own norm and residual where there is one. The query projection is counted for each
/// sample, as the libraries compute it. Returns the pooled vectors.
template <class N>
int attention_pooled(LayerBuilder<N>& layer, const AttentionPool<N>& pool, N batch, N tokens, int input) {
  const N rows = batch * pool.queries;
  const auto norm = [](N norm_rows, N width) { return Norm<N>{.rows = norm_rows, .width = width, .kind = NormKind::LayerNorm}; };
  int queries = layer.add(
      "pool_query",
      Elementwise<N>{
          .elements = N(0), .parameters = pool.queries * pool.width, .kind = ElementwiseKind::Position, .results = N(0)},
      TensorSplit::Replicated, {}, SavedInput::None);
  if (pool.context_norm) {
    queries = layer.add("pool_query_norm", norm(pool.queries, pool.width), TensorSplit::Replicated, {queries});
    input = layer.add("pool_token_norm", norm(batch * tokens, pool.context_size), TensorSplit::Replicated, {input});
  }
  const int q = layer.add("pool_q", plain_linear(rows, pool.width, pool.width, true), TensorSplit::Replicated, {queries});
  const int kv = layer.add("pool_kv", plain_linear(batch * tokens, pool.context_size, N(2) * pool.width, true),
                           TensorSplit::Replicated, {input});
  int at = layer.add("pool_attention",
                     Attention<N>{.batch = batch,
                                  .heads = pool.heads,
                                  .kv_heads = pool.heads,
                                  .queries = pool.queries,
                                  .keys = tokens,
                                  .head_dim = pool.width / pool.heads,
                                  .window = tokens,
                                  .mask = AttentionMask::Full,
                                  .scale = true,
                                  .dropout = false},
                     TensorSplit::Replicated, {q, kv});
  at = layer.add("pool_out", plain_linear(rows, pool.width, pool.width, true), TensorSplit::Replicated, {at});
  if (!pool.mlp_size) return at;
  const int stream = at;
  at = layer.add("pool_norm", norm(rows, pool.width), TensorSplit::Replicated, {at});
  at = layer.add("pool_fc1", plain_linear(rows, pool.width, *pool.mlp_size, true), TensorSplit::Replicated, {at});
  at = layer.add("pool_activation", Activation<N>{.elements = rows * *pool.mlp_size, .kind = ActivationKind::Gelu},
                 TensorSplit::Replicated, {at});
  at = layer.add("pool_fc2", plain_linear(rows, *pool.mlp_size, pool.width, true), TensorSplit::Replicated, {at});
  return layer.elementwise("pool_residual", rows * pool.width, ElementwiseKind::Residual, {stream, at});
}

/// One vector a sample from its tokens. Taking a token is no arithmetic.
template <class N>
int pooled(LayerBuilder<N>& layer, Pooling pooling, const std::optional<AttentionPool<N>>& pool, N batch, N tokens, N width,
           int input) {
  switch (pooling) {
    case Pooling::None:
    case Pooling::Token:
      return input;
    case Pooling::Average: {
      const int at = layer.elementwise("pool", batch * tokens * width, ElementwiseKind::Pool, {input});
      std::get<Elementwise<N>>(layer[at].shape).results = batch * width;
      return at;
    }
    case Pooling::Attention:
      return attention_pooled(layer, *pool, batch, tokens, input);
  }
  throw std::logic_error("unhandled Pooling");
}

/// From the pooled vector to the shared space of both towers.
template <class N>
int projected(LayerBuilder<N>& layer, ProjectionKind kind, bool bias, N rows, N width, N projection, int input) {
  switch (kind) {
    case ProjectionKind::None:
      return input;
    case ProjectionKind::Linear:
      return layer.add("projection", plain_linear(rows, width, projection, bias), TensorSplit::Replicated, {input});
    case ProjectionKind::Tanh: {
      const int at = layer.add("pooler", plain_linear(rows, width, projection, bias), TensorSplit::Replicated, {input});
      return layer.add("pooler_activation", Activation<N>{.elements = rows * projection, .kind = ActivationKind::Tanh},
                       TensorSplit::Replicated, {at});
    }
    case ProjectionKind::Mlp: {
      const N hidden = NumberTraits<N>::quotient(width + projection, N(2));
      int at = layer.add("projection_fc1", plain_linear(rows, width, hidden, bias), TensorSplit::Replicated, {input});
      at = layer.add("projection_activation", Activation<N>{.elements = rows * hidden, .kind = ActivationKind::Gelu},
                     TensorSplit::Replicated, {at});
      return layer.add("projection_fc2", plain_linear(rows, hidden, projection, bias), TensorSplit::Replicated, {at});
    }
  }
  throw std::logic_error("unhandled ProjectionKind");
}

}  // namespace mfusim
