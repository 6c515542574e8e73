// SPDX-License-Identifier: Apache-2.0
#include "sim/context_parallel.hpp"
#include "sim/layer_pass.hpp"
#include "sim/overlapped_gemm.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Emits the nodes of a layer in program order. For each node it knows the tasks that produce its output.
class ForwardPass {
 public:
  ForwardPass(const LayerContext& context, StepTable& table, const Layer<Count>& layer, ForwardPurpose purpose)
      : context_(context), purpose_(purpose), layer_(layer.name), nodes_(expand_layer(layer, context.tensor)), segment_(table) {
    produced_.resize(nodes_.size());
  }

  Segment run() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) emit(i);
    std::vector<SegmentIndex> exits = nodes_.empty() ? std::vector{segment_entry} : produced_.back();
    return segment_.finish(std::move(exits));
  }

 private:
  using Tasks = std::vector<SegmentIndex>;

  void emit(std::size_t at) {
    const LayerNode& node = nodes_[at];
    switch (node.kind) {
      case LayerNode::Kind::Compute:
        return compute(at);
      case LayerNode::Kind::Join:
        produced_[at] = inputs_of(node);
        return;
      case LayerNode::Kind::Enter:
        return enter(at);
      case LayerNode::Kind::Leave:
        return leave(at);
      case LayerNode::Kind::LossReduce:
        produced_[at] = {segment_.add(
            tensor_collective(context_, Collective::AllReduce, 2 * node.elements.as_double(), named("loss reduction")),
            inputs_of(node))};
        return;
    }
  }

  void enter(std::size_t at) {
    const LayerNode& node = nodes_[at];
    if (!context_.tensor.sequence) {
      produced_[at] = inputs_of(node);
    } else if (context_.overlap_chunks > 1 && feeds_a_linear(at)) {
      pending_enter_ = static_cast<int>(at);  // runs in pieces with its consumer
    } else {
      produced_[at] = {segment_.add(
          tensor_collective(context_, Collective::AllGather, node.elements.as_double(), named("all-gather")), inputs_of(node))};
    }
  }

  void leave(std::size_t at) {
    const LayerNode& node = nodes_[at];
    const Collective kind = context_.tensor.sequence ? Collective::ReduceScatter : Collective::AllReduce;
    if (!pieces_.empty()) {
      produced_[at] = {
          exchange_after_pieces(context_, segment_, kind, node.elements.as_double(), named("reduce-scatter"), pieces_)};
      pieces_.clear();
    } else {
      produced_[at] = {
          segment_.add(tensor_collective(context_, kind, node.elements.as_double(), named(to_string(kind))), inputs_of(node))};
    }
  }

  void compute(std::size_t at) {
    const LayerNode& node = nodes_[at];
    if (crosses_context(context_, node.op)) {
      produced_[at] = context_attention_forward(context_, segment_, node.op, kernel_name(node), inputs_of(node), recolour());
      return;
    }
    const std::optional<Step> step = kernel_step(context_.kernels, node.op, Pass::Forward);
    if (!step) {
      produced_[at] = inputs_of(node);
      return;
    }
    if (pending_enter_ >= 0 && reads(node, pending_enter_)) return gathered_compute(at);
    if (runs_in_pieces(at)) {
      pieces_ = gemm_in_pieces(context_, segment_, node.op, Pass::Forward, kernel_name(node), inputs_of(node), recolour());
      produced_[at] = {pieces_.back()};
      return;
    }
    Step mine = *step;
    mine.name = kernel_name(node);
    if (purpose_ == ForwardPurpose::Recompute) mine.step_class = StepClass::Recompute;
    produced_[at] = {
        add_kernel(context_, segment_, std::move(mine), launches(context_.kernels, node.op, Pass::Forward), inputs_of(node))};
  }

  /// All-gather in pieces, each followed by its piece of the product.
  void gathered_compute(std::size_t at) {
    const LayerNode& node = nodes_[at];
    const LayerNode& gather = nodes_[static_cast<std::size_t>(pending_enter_)];
    const Tasks gathered = exchange_in_pieces(context_, segment_, Collective::AllGather, gather.elements.as_double(),
                                              named("all-gather"), inputs_of(gather), pieces_of(context_, node.op));
    produced_[static_cast<std::size_t>(pending_enter_)] = {gathered.back()};
    produced_[at] = {
        gemm_after_pieces(context_, segment_, node.op, Pass::Forward, kernel_name(node), gathered, recolour()).back()};
    pending_enter_ = -1;
  }

  [[nodiscard]] std::optional<StepClass> recolour() const {
    return purpose_ == ForwardPurpose::Recompute ? std::optional(StepClass::Recompute) : std::nullopt;
  }

  /// A row-cut linear whose partial sums leave right after it: its pieces are reduced under its later pieces.
  [[nodiscard]] bool runs_in_pieces(std::size_t at) const {
    if (context_.overlap_chunks < 2 || !context_.tensor.sequence) return false;
    if (!std::holds_alternative<Linear<Count>>(nodes_[at].op.shape)) return false;
    const std::size_t next = at + 1;
    const bool joined = next < nodes_.size() && nodes_[next].kind == LayerNode::Kind::Join;
    const std::size_t leaving = joined ? next + 1 : next;
    return leaving < nodes_.size() && nodes_[leaving].kind == LayerNode::Kind::Leave &&
           reads(nodes_[leaving], static_cast<int>(leaving) - 1);
  }

  [[nodiscard]] bool feeds_a_linear(std::size_t enter_node) const {
    return enter_node + 1 < nodes_.size() && reads(nodes_[enter_node + 1], static_cast<int>(enter_node)) &&
           std::holds_alternative<Linear<Count>>(nodes_[enter_node + 1].op.shape);
  }

  [[nodiscard]] static bool reads(const LayerNode& node, int input) {
    return std::find(node.inputs.begin(), node.inputs.end(), input) != node.inputs.end();
  }

  [[nodiscard]] Tasks inputs_of(const LayerNode& node) const {
    Tasks tasks;
    for (const int input : node.inputs) {
      if (input == layer_input) {
        tasks.push_back(segment_entry);
      } else {
        const Tasks& produced = produced_[static_cast<std::size_t>(input)];
        tasks.insert(tasks.end(), produced.begin(), produced.end());
      }
    }
    return tasks;
  }

  [[nodiscard]] std::string named(const std::string& what) const {
    return layer_ + "." + what + (purpose_ == ForwardPurpose::Recompute ? " recompute" : " forward");
  }
  [[nodiscard]] std::string kernel_name(const LayerNode& node) const { return named(node.op.name); }

  const LayerContext& context_;
  ForwardPurpose purpose_;
  std::string layer_;
  std::vector<LayerNode> nodes_;
  std::vector<Tasks> produced_;
  SegmentBuilder segment_;
  int pending_enter_ = -1;
  Tasks pieces_;
};

}  // namespace

Segment forward_layer(const LayerContext& context, StepTable& table, const Layer<Count>& layer, ForwardPurpose purpose) {
  return ForwardPass(context, table, layer, purpose).run();
}

}  // namespace mfusim
