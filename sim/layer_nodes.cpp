// SPDX-License-Identifier: Apache-2.0
#include "sim/layer_nodes.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace mfusim {
namespace {

/// Elements of what a linear (or table look-up) reads and gives, over all tensor ranks.
Count input_elements(const Operator<Count>& op) {
  if (const auto* linear = std::get_if<Linear<Count>>(&op.shape)) return linear->rows * linear->inputs;
  throw std::logic_error(op.name + ": only a linear enters a split region");
}

Count output_elements(const Operator<Count>& op) {
  if (const auto* linear = std::get_if<Linear<Count>>(&op.shape)) return linear->rows * linear->outputs;
  if (const auto* embedding = std::get_if<Embedding<Count>>(&op.shape)) return embedding->rows * embedding->width;
  throw std::logic_error(op.name + ": only linears and embeddings leave a split region");
}

bool is_linear(const Operator<Count>& op) {
  return std::holds_alternative<Linear<Count>>(op.shape);
}

bool enters(const Operator<Count>& op) {
  return op.split == TensorSplit::Columns || (op.split == TensorSplit::Vocabulary && is_linear(op));
}

bool gives_partial_sums(const Operator<Count>& op) {
  return op.split == TensorSplit::Rows ||
         (op.split == TensorSplit::Vocabulary && std::holds_alternative<Embedding<Count>>(op.shape));
}

bool is_residual(const Operator<Count>& op) {
  const auto* elementwise = std::get_if<Elementwise<Count>>(&op.shape);
  return elementwise != nullptr && elementwise->kind == ElementwiseKind::Residual;
}

class NodeExpansion {
 public:
  explicit NodeExpansion(const TensorGroup& group) : group_(group) {}

  void add(const Operator<Count>& op, std::vector<int> inputs) {
    if (group_.ranks > 1) inputs = joined(op, std::move(inputs));
    if (joins_partial_sums(op, inputs)) {
      push({.kind = LayerNode::Kind::Join, .op = {}, .inputs = inputs, .elements = 0}, partial_.at(inputs.front()));
      return;
    }
    push({.kind = LayerNode::Kind::Compute, .op = shard(op, group_), .inputs = std::move(inputs), .elements = 0},
         group_.ranks > 1 && gives_partial_sums(op) ? output_elements(op) : Count(0));
    const auto* loss = std::get_if<Loss<Count>>(&op.shape);
    if (loss != nullptr && op.split == TensorSplit::Vocabulary && group_.ranks > 1) {
      push({.kind = LayerNode::Kind::LossReduce, .op = {}, .inputs = {last()}, .elements = 3 * loss->rows}, 0);
    }
  }

  [[nodiscard]] std::vector<LayerNode> finish() {
    if (!nodes_.empty() && is_partial(last())) leave(last());
    return std::move(nodes_);
  }

  [[nodiscard]] int last() const { return static_cast<int>(nodes_.size()) - 1; }

 private:
  [[nodiscard]] bool is_partial(int node) const { return node != layer_input && partial_.at(node).value() > 0; }

  [[nodiscard]] bool joins_partial_sums(const Operator<Count>& op, const std::vector<int>& inputs) const {
    return is_residual(op) && !inputs.empty() &&
           std::all_of(inputs.begin(), inputs.end(), [&](int node) { return is_partial(node); });
  }

  /// The inputs as `op` may read them: partial sums reduced, the split region entered.
  std::vector<int> joined(const Operator<Count>& op, std::vector<int> inputs) {
    if (joins_partial_sums(op, inputs)) return inputs;
    for (int& input : inputs) {
      if (is_partial(input)) input = leave(input);
      if (enters(op)) input = enter(input, input_elements(op));
    }
    return inputs;
  }

  int leave(int node) {
    const auto [at, fresh] = left_.try_emplace(node, 0);
    if (fresh) at->second = push({.kind = LayerNode::Kind::Leave, .op = {}, .inputs = {node}, .elements = partial_.at(node)}, 0);
    return at->second;
  }

  int enter(int node, Count elements) {
    const auto [at, fresh] = entered_.try_emplace(node, 0);
    if (fresh) at->second = push({.kind = LayerNode::Kind::Enter, .op = {}, .inputs = {node}, .elements = elements}, 0);
    return at->second;
  }

  int push(LayerNode node, Count partial_elements) {
    nodes_.push_back(std::move(node));
    partial_[last()] = partial_elements;
    return last();
  }

  TensorGroup group_;
  std::vector<LayerNode> nodes_;
  std::map<int, Count> partial_;  ///< Elements of a node's partial sums; 0 where its output is whole.
  std::map<int, int> left_;
  std::map<int, int> entered_;
};

}  // namespace

std::vector<LayerNode> expand_layer(const Layer<Count>& layer, const TensorGroup& group) {
  NodeExpansion expansion(group);
  std::vector<int> node_of(layer.operators.size());
  for (std::size_t i = 0; i < layer.operators.size(); ++i) {
    const Operator<Count>& op = layer.operators[i];
    std::vector<int> inputs;
    for (const int input : op.inputs)
      inputs.push_back(input == input_of_layer ? layer_input : node_of.at(static_cast<std::size_t>(input)));
    if (inputs.empty()) inputs.push_back(layer_input);
    expansion.add(op, std::move(inputs));
    node_of[i] = expansion.last();
  }
  return expansion.finish();
}

}  // namespace mfusim
