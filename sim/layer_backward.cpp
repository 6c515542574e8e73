// SPDX-License-Identifier: Apache-2.0
#include "sim/context_parallel.hpp"
#include "sim/layer_pass.hpp"
#include "sim/overlapped_gemm.hpp"
#include "sim/selective_recompute.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Emits the gradients of a layer's nodes in reverse order. Exchanges turn into their conjugates (layer_nodes.hpp); the
/// weight gradients of products that entered the split region wait until the input gradient's exchange is under way,
/// so that they cover it (Megatron-LM's asynchronous tensor all-reduce).
class BackwardPass {
 public:
  BackwardPass(const LayerContext& context, StepTable& table, const Layer<Count>& layer, BackwardPart part)
      : context_(context),
        part_(part),
        layer_(layer.name),
        nodes_(expand_layer(layer, context.tensor)),
        segment_(table),
        gradient_(nodes_.size()) {
    if (context.recompute == Recompute::Full) {
      gradient_of_output_ = segment_.append(forward_layer(context, table, layer, ForwardPurpose::Recompute), {segment_entry});
      // the gradient from above must have come too
      if (std::find(gradient_of_output_.begin(), gradient_of_output_.end(), segment_entry) == gradient_of_output_.end()) {
        gradient_of_output_.push_back(segment_entry);
      }
    } else if (context.recompute == Recompute::Selective &&
               context.selective_recompute == SelectiveRecompute::EverySecondProduct) {
      repeat(layer);
    }
  }

  Segment run() {
    if (!nodes_.empty()) gradient_.back() = gradient_of_output_;
    for (std::size_t i = nodes_.size(); i-- > 0;) emit(i);
    flush_weight_gradients();
    Segment segment = segment_.finish(exits());
    if (!segment.tasks.empty()) segment.layer_ends = {last_task_on_compute(segment)};
    return segment;
  }

 private:
  using Tasks = std::vector<SegmentIndex>;

  /// Kernels of what was not kept, behind the gradient from above. The gathers of split inputs are those of the weight gradients.
  void repeat(const Layer<Count>& layer) {
    Tasks after{segment_entry};
    for (const Operator<Count>& op : repeated_operators(layer)) {
      const Operator<Count> mine = shard(op, context_.tensor);
      std::optional<Step> step = kernel_step(context_.kernels, mine, Pass::Forward);
      if (!step) continue;
      step->step_class = StepClass::Recompute;
      step->name = layer_ + "." + op.name + " recompute";
      add_kernel(context_, segment_, std::move(*step), launches(context_.kernels, mine, Pass::Forward), after);
      after.clear();
    }
  }

  void emit(std::size_t at) {
    const LayerNode& node = nodes_[at];
    switch (node.kind) {
      case LayerNode::Kind::Compute:
        return compute(at);
      case LayerNode::Kind::Join:
      case LayerNode::Kind::LossReduce:
        return pass_down(node, gradient_[at]);
      case LayerNode::Kind::Enter:
        return enter(at);
      case LayerNode::Kind::Leave:
        return leave(at);
    }
  }

  /// Tasks that the gradients of this node's inputs wait for, beyond the compute stream's own order.
  void pass_down(const LayerNode& node, const Tasks& tasks) {
    for (const int input : node.inputs) {
      Tasks& waits = input == layer_input ? gradient_of_input_ : gradient_[static_cast<std::size_t>(input)];
      for (const SegmentIndex task : tasks) {
        if (std::find(waits.begin(), waits.end(), task) == waits.end()) waits.push_back(task);
      }
    }
  }

  void enter(std::size_t at) {
    const LayerNode& node = nodes_[at];
    Tasks after = gradient_[at];
    after.push_back(segment_.last_compute());
    const Collective kind = context_.tensor.sequence ? Collective::ReduceScatter : Collective::AllReduce;
    const SegmentIndex exchange =
        input_gradient_pieces_.empty()
            ? segment_.add(tensor_collective(context_, kind, node.elements.as_double(), named(to_string(kind))), after)
            : exchange_after_pieces(context_, segment_, kind, node.elements.as_double(), named(to_string(kind)),
                                    input_gradient_pieces_);
    input_gradient_pieces_.clear();
    flush_weight_gradients();
    pass_down(node, {exchange});
  }

  void leave(std::size_t at) {
    const LayerNode& node = nodes_[at];
    if (!context_.tensor.sequence) return pass_down(node, gradient_[at]);
    if (context_.overlap_chunks > 1 && feeds_a_linear(at)) {
      pending_leave_ = static_cast<int>(at);
      return;
    }
    Tasks after = gradient_[at];
    after.push_back(segment_.last_compute());
    pass_down(node,
              {segment_.add(tensor_collective(context_, Collective::AllGather, node.elements.as_double(), named("all-gather")),
                            after)});
  }

  void compute(std::size_t at) {
    const LayerNode& node = nodes_[at];
    if (const auto* linear = std::get_if<Linear<Count>>(&node.op.shape)) return linear_gradients(at, *linear);
    if (crosses_context(context_, node.op)) {
      return pass_down(
          node, context_attention_backward(context_, segment_, node.op, kernel_name(node, Pass::InputGradient), gradient_[at]));
    }
    if (context_.recompute == Recompute::Selective && std::holds_alternative<Attention<Count>>(node.op.shape))
      recompute_attention(at);
    if (std::optional<Step> step = kernel_step(context_.kernels, node.op, Pass::InputGradient)) {
      kernel(node, std::move(*step), Pass::InputGradient, gradient_[at]);
    } else {
      pass_down(node, gradient_[at]);
    }
  }

  /// The unfused attention core runs forward again.
  void recompute_attention(std::size_t at) {
    std::optional<Step> step = kernel_step(context_.kernels, nodes_[at].op, Pass::Forward);
    if (!step) return;
    step->step_class = StepClass::Recompute;
    step->name = layer_ + "." + nodes_[at].op.name + " recompute";
    add_kernel(context_, segment_, std::move(*step), launches(context_.kernels, nodes_[at].op, Pass::Forward), gradient_[at]);
  }

  void linear_gradients(std::size_t at, const Linear<Count>&) {
    const LayerNode& node = nodes_[at];
    const bool entered = !node.inputs.empty() && node.inputs.front() != layer_input &&
                         nodes_[static_cast<std::size_t>(node.inputs.front())].kind == LayerNode::Kind::Enter;
    const bool here = part_ == BackwardPart::Whole;  // the weight gradient
    const Tasks regathered = here && entered && context_.tensor.sequence ? regather(node) : Tasks{};
    if (pending_leave_ >= 0) {
      gathered_input_gradient(at);
    } else {
      input_gradient(at, entered);
    }
    if (!here) return;
    if (entered && context_.async_tensor_backward) {
      deferred_.push_back({at, regathered});
    } else {
      weight_gradient(at, regathered);
    }
  }

  /// Sequence parallelism keeps only a share of the input: the weight gradient needs it whole again.
  Tasks regather(const LayerNode& node) {
    const LayerNode& entry = nodes_[static_cast<std::size_t>(node.inputs.front())];
    return {
        segment_.add(tensor_collective(context_, Collective::AllGather, entry.elements.as_double(), named("input all-gather")),
                     {segment_.last_compute()})};
  }

  void input_gradient(std::size_t at, bool entered) {
    const LayerNode& node = nodes_[at];
    std::optional<Step> step = kernel_step(context_.kernels, node.op, Pass::InputGradient);
    if (!step) {
      waiting_weight_gradient_ = gradient_[at];
      return;
    }
    if (entered && context_.overlap_chunks > 1 && context_.tensor.sequence) {
      input_gradient_pieces_ = gemm_in_pieces(context_, segment_, node.op, Pass::InputGradient,
                                              kernel_name(node, Pass::InputGradient), gradient_[at], std::nullopt);
    } else {
      kernel(node, std::move(*step), Pass::InputGradient, gradient_[at]);
    }
  }

  /// The output gradient is gathered in pieces, each followed by its piece of the input gradient.
  void gathered_input_gradient(std::size_t at) {
    const LayerNode& node = nodes_[at];
    const LayerNode& leaving = nodes_[static_cast<std::size_t>(pending_leave_)];
    Tasks after = gradient_[static_cast<std::size_t>(pending_leave_)];
    after.push_back(segment_.last_compute());
    const Tasks gathered = exchange_in_pieces(context_, segment_, Collective::AllGather, leaving.elements.as_double(),
                                              named("all-gather"), after, pieces_of(context_, node.op));
    gemm_after_pieces(context_, segment_, node.op, Pass::InputGradient, kernel_name(node, Pass::InputGradient), gathered,
                      std::nullopt);
    pass_down(leaving, {gathered.back()});
    pending_leave_ = -1;
  }

  void weight_gradient(std::size_t at, const Tasks& after) {
    const LayerNode& node = nodes_[at];
    Tasks waits = after;
    waits.insert(waits.end(), waiting_weight_gradient_.begin(), waiting_weight_gradient_.end());
    waiting_weight_gradient_.clear();
    if (std::optional<Step> step = kernel_step(context_.kernels, node.op, Pass::WeightGradient)) {
      kernel(node, std::move(*step), Pass::WeightGradient, waits);
    }
  }

  void flush_weight_gradients() {
    for (const auto& [at, after] : deferred_) weight_gradient(at, after);
    deferred_.clear();
  }

  void kernel(const LayerNode& node, Step step, Pass pass, const Tasks& after) {
    step.name = kernel_name(node, pass);
    add_kernel(context_, segment_, std::move(step), launches(context_.kernels, node.op, pass), after);
  }

  [[nodiscard]] std::vector<SegmentIndex> exits() const {
    Tasks tasks = gradient_of_input_;
    tasks.push_back(segment_.last_compute());
    return tasks;
  }

  [[nodiscard]] SegmentIndex last_task_on_compute(const Segment& segment) const {
    return segment_.last_compute() >= 0 ? segment_.last_compute() : static_cast<SegmentIndex>(segment.tasks.size()) - 1;
  }

  /// The next gradient after the exchange at `leave_node` is that of a linear: its own, or the later of two branches whose
  /// partial sums were added before they left (a parallel block). The earlier branch follows it on the compute stream.
  [[nodiscard]] bool feeds_a_linear(std::size_t leave_node) const {
    const bool joined = leave_node > 0 && nodes_[leave_node - 1].kind == LayerNode::Kind::Join;
    const std::size_t before = joined ? 2 : 1;
    return leave_node >= before && is_linear(nodes_[leave_node - before]);
  }

  [[nodiscard]] static bool is_linear(const LayerNode& node) {
    return node.kind == LayerNode::Kind::Compute && std::holds_alternative<Linear<Count>>(node.op.shape);
  }
  [[nodiscard]] std::string named(const std::string& what) const { return layer_ + "." + what + " backward"; }
  [[nodiscard]] std::string kernel_name(const LayerNode& node, Pass pass) const {
    return layer_ + "." + node.op.name + " " + to_string(pass);
  }

  struct Deferred {
    std::size_t node;
    Tasks after;
  };
  const LayerContext& context_;
  BackwardPart part_;
  std::string layer_;
  std::vector<LayerNode> nodes_;
  SegmentBuilder segment_;
  std::vector<Tasks> gradient_;  ///< By node: exchanges that its output gradient waits for.
  Tasks gradient_of_output_{segment_entry};
  Tasks gradient_of_input_;
  Tasks input_gradient_pieces_;
  Tasks waiting_weight_gradient_;
  std::vector<Deferred> deferred_;
  int pending_leave_ = -1;
};

}  // namespace

Segment backward_layer(const LayerContext& context, StepTable& table, const Layer<Count>& layer, BackwardPart part) {
  return BackwardPass(context, table, layer, part).run();
}

}  // namespace mfusim
