// SPDX-License-Identifier: Apache-2.0
#include "sim/shard.hpp"

#include "model/parameters.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Rounds a vocabulary up to a multiple of the ranks: Megatron-LM pads its tables the same way.
Count padded_share(Count size, int ranks) {
  return (size.value() + ranks - 1) / ranks;
}

/// Divides a shape inside the split region: heads of attention, elements of pointwise work, outputs or inputs of linears.
struct SplitInside {
  int ranks;
  TensorSplit split;

  void operator()(Linear<Count>& linear) const {
    switch (split) {
      case TensorSplit::Rows:
        linear.inputs = linear.inputs / ranks;
        return;
      case TensorSplit::Vocabulary:
        linear.outputs = padded_share(linear.outputs, ranks);
        return;
      default:
        linear.outputs = linear.outputs / ranks;
        linear.unbiased_outputs = linear.unbiased_outputs / ranks;
        return;
    }
  }
  void operator()(Attention<Count>& attention) const {
    attention.heads = attention.heads / ranks;
    attention.kv_heads = std::max<std::int64_t>(1, attention.kv_heads.value() / ranks);
  }
  void operator()(Norm<Count>& norm) const {
    Count& divided = norm.each_head ? norm.rows : norm.width;
    divided = divided / ranks;
  }
  void operator()(Activation<Count>& activation) const { activation.elements = activation.elements / ranks; }
  void operator()(Elementwise<Count>& elementwise) const {
    elementwise.elements = elementwise.elements / ranks;
    elementwise.parameters = elementwise.parameters / ranks;
  }
  void operator()(Embedding<Count>& embedding) const { embedding.vocabulary = padded_share(embedding.vocabulary, ranks); }
  void operator()(Matmul<Count>& matmul) const { matmul.columns = matmul.columns / ranks; }
  void operator()(L2Normalize<Count>& normalize) const { normalize.rows = normalize.rows / ranks; }
  void operator()(Loss<Count>& loss) const { loss.classes = padded_share(loss.classes, ranks); }
};

/// Divides the tokens: sequence parallelism outside the split region.
struct SplitTokens {
  int ranks;

  void operator()(Linear<Count>& linear) const { linear.rows = linear.rows / ranks; }
  void operator()(Norm<Count>& norm) const { norm.rows = norm.rows / ranks; }
  void operator()(Activation<Count>& activation) const { activation.elements = activation.elements / ranks; }
  void operator()(Elementwise<Count>& elementwise) const { elementwise.elements = elementwise.elements / ranks; }
  void operator()(Embedding<Count>& embedding) const { embedding.rows = embedding.rows / ranks; }
  void operator()(Matmul<Count>&) const {}
  void operator()(L2Normalize<Count>& normalize) const { normalize.rows = normalize.rows / ranks; }
  void operator()(Loss<Count>& loss) const { loss.rows = loss.rows / ranks; }
  void operator()(Attention<Count>&) const {}
};

}  // namespace

OperatorShape<Count> sharded_shape(const Operator<Count>& op, const TensorGroup& group) {
  OperatorShape<Count> mine = op.shape;
  if (group.ranks == 1) return mine;
  switch (op.split) {
    case TensorSplit::Replicated:
      break;
    case TensorSplit::Tokens:
      if (group.sequence) std::visit(SplitTokens{group.ranks}, mine);
      break;
    case TensorSplit::Columns:
    case TensorSplit::Inside:
    case TensorSplit::Rows:
    case TensorSplit::Vocabulary:
      std::visit(SplitInside{group.ranks, op.split}, mine);
      break;
  }
  return mine;
}

Operator<Count> shard(const Operator<Count>& op, const TensorGroup& group) {
  Operator<Count> mine = op;
  mine.shape = sharded_shape(op, group);
  return mine;
}

Count sharded_parameters(const Operator<Count>& op, const TensorGroup& group) {
  if (op.tied) return 0;
  return std::visit([](const auto& shape) { return Count(parameters(shape)); }, sharded_shape(op, group));
}

double token_share(const TensorGroup& group) {
  return group.sequence ? 1.0 / group.ranks : 1.0;
}

}  // namespace mfusim
