// SPDX-License-Identifier: Apache-2.0
#include "sim/gradient_memory.hpp"

#include "sim/shard.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Values on both sides of an operator's backward kernel.
struct BothSides {
  bool unfused_attention = false;

  double operator()(const Linear<Count>& linear) const {
    return linear.rows.as_double() * (linear.inputs + linear.outputs).as_double();
  }
  double operator()(const Attention<Count>& attention) const {
    const double rows = (attention.batch * attention.head_dim).as_double();
    if (unfused_attention) return 2 * (attention.batch * attention.heads * attention.queries * attention.window).as_double();
    return rows * 2 * (attention.heads * attention.queries + attention.kv_heads * attention.keys).as_double();
  }
  double operator()(const Activation<Count>& activation) const {
    const bool gated = activation.kind == ActivationKind::SwiGlu || activation.kind == ActivationKind::GeGlu;
    return (gated ? 3 : 2) * activation.elements.as_double();
  }
  double operator()(const Norm<Count>& norm) const { return 2 * (norm.rows * norm.width).as_double(); }
  double operator()(const Elementwise<Count>& elementwise) const {
    const bool on_scores = elementwise.kind == ElementwiseKind::CausalMask || elementwise.kind == ElementwiseKind::ScoreBias;
    return on_scores ? 0 : 2 * elementwise.elements.as_double();  // scores: inside the attention kernel
  }
  double operator()(const Embedding<Count>& embedding) const { return (embedding.rows * embedding.width).as_double(); }
  double operator()(const Matmul<Count>& matmul) const {
    const double scores = (matmul.batch * matmul.rows * matmul.columns).as_double();
    return scores + (matmul.batch * matmul.inner * (matmul.rows + matmul.columns)).as_double();
  }
  double operator()(const L2Normalize<Count>& normalize) const { return 2 * (normalize.rows * normalize.width).as_double(); }
  double operator()(const Loss<Count>& loss) const { return (loss.rows * loss.classes).as_double(); }
};

/// Sequence parallelism keeps a share of the input and gathers it again for the weight gradient.
double gathered_input(const TensorGroup& group, const Operator<Count>& op, const OperatorShape<Count>& mine) {
  const auto* linear = std::get_if<Linear<Count>>(&mine);
  if (linear == nullptr || !group.sequence || op.split != TensorSplit::Columns) return 0;
  return (linear->rows * linear->inputs).as_double();
}

}  // namespace

Bytes gradients_in_flight(const Scenario& scenario, const Operator<Count>& op) {
  const TensorGroup group{scenario.parallel.tensor, scenario.parallel.sequence};
  const OperatorShape<Count> mine = sharded_shape(op, group);
  const BothSides both{.unfused_attention = scenario.techniques.attention == AttentionKernel::Unfused};
  return (std::visit(both, mine) + gathered_input(group, op, mine)) * size_of(scenario.training.precision);
}

Bytes gradients_in_flight(const Scenario& scenario, const Layer<Count>& layer) {
  Bytes most;
  for (const Operator<Count>& op : layer.operators) most = std::max(most, gradients_in_flight(scenario, op));
  return most;
}

}  // namespace mfusim
