// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/count.hpp"

#include <string>
#include <variant>
#include <vector>

namespace mfusim {

/// The operators of a transformer, with the shapes of one forward pass. `N` is the number type: Count for numbers,
/// a symbolic expression for formulas; every quantity is computed from these shapes by code written once over N.
/// `rows` counts tokens times samples unless said otherwise.

/// y = x W + b: [rows, inputs] x [inputs, outputs]. Convolutions over patches are linears of their patches.
template <class N>
struct Linear {
  N rows, inputs, outputs;
  bool bias = true;
  N unbiased_outputs{0};       ///< Outputs without a bias although the others have one (EVA: the keys of a fused qkv).
  bool input_gradient = true;  ///< False where the input is data (pixels): nobody needs dL/dx.
};

enum class AttentionMask { Full, Causal };

/// softmax(Q K^T / sqrt(head_dim)) V for `batch` samples. Q is [batch, heads, queries, head_dim]; K and V have `kv_heads`.
/// A sliding window lets each query see `window` keys (equal to `keys` where there is none).
template <class N>
struct Attention {
  N batch, heads, kv_heads, queries, keys, head_dim, window;
  AttentionMask mask = AttentionMask::Full;
  bool scale = true;     ///< Queries are multiplied by 1/sqrt(head_dim) (T5 does not).
  bool dropout = false;  ///< Dropout on the probabilities.
};

enum class NormKind { LayerNorm, RmsNorm };

/// Normalisation over the last dimension: [rows, width].
template <class N>
struct Norm {
  N rows, width;
  NormKind kind = NormKind::LayerNorm;
  bool shift = true;       ///< LayerNorm: a learned shift (bias) is added; RMSNorm has none.
  bool each_head = false;  ///< Its rows are tokens times heads: tensor ranks divide the heads, and each holds the whole width.
};

enum class ActivationKind { Gelu, QuickGelu, Relu, SquaredRelu, Silu, Tanh, SwiGlu, GeGlu };

/// Pointwise nonlinearity with `elements` outputs; the gated kinds read two inputs an output: act(gate) * up.
template <class N>
struct Activation {
  N elements;
  ActivationKind kind = ActivationKind::Gelu;
};

enum class ElementwiseKind { Residual, Position, Dropout, Rotary, CausalMask, ScoreBias, Scale, Pool };

/// Pointwise arithmetic on `elements` values: residual and position additions, dropout, rotary embedding, the mask
/// addition, a position bias added to attention scores (inside the attention kernel, as the mask), multiplication by a
/// constant or by learned factors (layer scale), average pooling (elements = what is summed).
template <class N>
struct Elementwise {
  N elements;
  N parameters;  ///< Learned values added or multiplied (position and class embeddings, layer scale), 0 otherwise.
  ElementwiseKind kind = ElementwiseKind::Residual;
  N results{0};  ///< Pool: the averages that come out.
};

/// Table look-up: [rows] -> [rows, width] from a table of `vocabulary` rows. No arithmetic forward.
template <class N>
struct Embedding {
  N rows, vocabulary, width;
};

/// C = A B^T without weights: [batch, rows, inner] x [batch, columns, inner]: the contrastive logits.
template <class N>
struct Matmul {
  N batch, rows, columns, inner;
};

/// x / |x| over the last dimension: [rows, width].
template <class N>
struct L2Normalize {
  N rows, width;
};

enum class LossKind { CrossEntropy, ContrastiveCrossEntropy, PairwiseSigmoid };

/// Loss over a [rows, classes] score matrix. The contrastive one is taken over rows and over columns.
template <class N>
struct Loss {
  N rows, classes;
  LossKind kind = LossKind::CrossEntropy;
  N parameters{0};  ///< Learned scale and bias of the scores.
};

template <class N>
using OperatorShape = std::variant<Linear<N>, Attention<N>, Norm<N>, Activation<N>, Elementwise<N>, Embedding<N>, Matmul<N>,
                                   L2Normalize<N>, Loss<N>>;

/// How tensor parallelism of t ranks cuts an operator (Shoeybi et al. 2019, arXiv:1909.08053; sequence parallelism:
/// Korthikanti et al. 2022, arXiv:2205.05198).
enum class TensorSplit {
  Replicated,  ///< Every rank does all of it.
  Tokens,      ///< Outside the split region: rows / t with sequence parallelism, otherwise replicated.
  Columns,     ///< Linear cut by outputs: its input is whole on every rank (all-gathered with sequence parallelism).
  Inside,      ///< Between Columns and Rows: heads / t or elements / t.
  Rows,        ///< Linear cut by inputs: its output must be summed over the ranks.
  Vocabulary,  ///< Table or logits cut by vocabulary.
};

/// What the backward pass of an operator keeps from the forward pass. A tensor that two operators read is kept once:
/// the second one says `SharedInput`.
enum class SavedInput { Kept, SharedInput, None };

/// The layer's own input in `Operator::inputs`, where an operator reads more than that (a residual addition).
constexpr int input_of_layer = -1;

template <class N>
struct Operator {
  std::string name;  ///< As in papers: "qkv", "attention", "fc1", ...
  OperatorShape<N> shape;
  TensorSplit split = TensorSplit::Tokens;
  std::vector<int> inputs;  ///< Operators of the same layer whose output this one reads, or input_of_layer; empty: only that.
  SavedInput saved = SavedInput::Kept;
  bool trainable = true;  ///< Its parameters get gradients (false in a frozen tower).
  bool tied = false;      ///< Its parameters are another operator's (logits from the token table): not counted again.
};

/// A layer: a small DAG of operators in an order that respects it. The last operator gives the layer's output.
template <class N>
struct Layer {
  std::string name;
  std::vector<Operator<N>> operators;
};

/// `repeat` identical layers after one another ("block" x 24; embedding x 1).
template <class N>
struct LayerGroup {
  Layer<N> layer;
  N repeat;
};

/// What a tower does to its input, from first to last group: embedding, blocks, head.
template <class N>
struct Tower {
  std::string name;  ///< "vision", "text" or "decoder".
  std::vector<LayerGroup<N>> groups;
  bool frozen = false;
};

/// The work of a model on one (micro-)batch: its towers, then the operators that join them (contrastive loss), if any.
template <class N>
struct Work {
  std::vector<Tower<N>> towers;
  std::vector<LayerGroup<N>> head;
};

}  // namespace mfusim
