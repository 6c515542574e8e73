// SPDX-License-Identifier: Apache-2.0
#include "sim/layer_pass.hpp"

namespace mfusim {
namespace {

bool enters_split_region(const std::vector<LayerNode>& nodes, const LayerNode& linear) {
  return !linear.inputs.empty() && linear.inputs.front() != layer_input &&
         nodes[static_cast<std::size_t>(linear.inputs.front())].kind == LayerNode::Kind::Enter;
}

/// Adds one linear's weight gradient; the first of the layer waits for the segment's entry.
void add_weight_gradient(const LayerContext& context, SegmentBuilder& segment, const std::string& layer,
                         const std::vector<LayerNode>& nodes, const LayerNode& linear) {
  std::optional<Step> step = kernel_step(context.kernels, linear.op, Pass::WeightGradient);
  if (!step) return;
  std::vector<SegmentIndex> after;
  if (segment.last_compute() == segment_entry) after.push_back(segment_entry);
  if (context.tensor.sequence && enters_split_region(nodes, linear)) {
    const LayerNode& entry = nodes[static_cast<std::size_t>(linear.inputs.front())];
    const std::string name = layer + ".input all-gather weight gradient";
    after.push_back(segment.add(tensor_collective(context, Collective::AllGather, entry.elements.as_double(), name),
                                {segment.last_compute()}));
  }
  step->name = layer + "." + linear.op.name + " " + to_string(Pass::WeightGradient);
  add_kernel(context, segment, std::move(*step), launches(context.kernels, linear.op, Pass::WeightGradient), after);
}

}  // namespace

Segment weight_gradient_layer(const LayerContext& context, StepTable& table, const Layer<Count>& layer) {
  const std::vector<LayerNode> nodes = expand_layer(layer, context.tensor);
  SegmentBuilder segment(table);
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    const bool linear = node->kind == LayerNode::Kind::Compute && std::holds_alternative<Linear<Count>>(node->op.shape);
    if (linear) add_weight_gradient(context, segment, layer.name, nodes, *node);
  }
  const SegmentIndex last = segment.last_compute();
  Segment done = segment.finish({last});
  if (!done.tasks.empty()) done.layer_ends = {last};
  return done;
}

}  // namespace mfusim
