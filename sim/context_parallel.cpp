// SPDX-License-Identifier: Apache-2.0
#include "sim/context_parallel.hpp"

#include "sim/priced_step.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

/// Divides the tokens of an operator.
struct DivideTokens {
  int ranks;

  void operator()(Linear<Count>& linear) const { linear.rows = linear.rows / ranks; }
  void operator()(Norm<Count>& norm) const { norm.rows = norm.rows / ranks; }
  void operator()(Activation<Count>& activation) const { activation.elements = activation.elements / ranks; }
  void operator()(Elementwise<Count>& elementwise) const { elementwise.elements = elementwise.elements / ranks; }
  void operator()(Embedding<Count>& embedding) const { embedding.rows = embedding.rows / ranks; }
  void operator()(Matmul<Count>& matmul) const { matmul.rows = matmul.rows / ranks; }
  void operator()(L2Normalize<Count>& normalize) const { normalize.rows = normalize.rows / ranks; }
  void operator()(Loss<Count>& loss) const { loss.rows = loss.rows / ranks; }
  void operator()(Attention<Count>& attention) const {
    attention.queries = attention.queries / ranks;
    attention.keys = attention.keys / ranks;
    attention.window = attention.window / ranks;
  }
};

using Tasks = std::vector<SegmentIndex>;

/// Emits one attention operator and its exchanges.
class ContextAttention {
 public:
  ContextAttention(const LayerContext& context, SegmentBuilder& segment, const Operator<Count>& op, std::string name, Pass pass,
                   std::optional<StepClass> step_class)
      : context_(context),
        segment_(segment),
        op_(op),
        shape_(std::get<Attention<Count>>(op.shape)),
        name_(std::move(name)),
        pass_(pass),
        step_class_(step_class) {}

  Tasks run(const Tasks& input) {
    switch (context_.context.exchange) {
      case ContextExchange::Ring:
        return ring(input);
      case ContextExchange::AllToAll:
        return all_to_all(input);
      case ContextExchange::AllGather:
        return all_gather(input);
    }
    throw std::logic_error("unhandled ContextExchange");
  }

 private:
  [[nodiscard]] int ranks() const { return context_.context.ranks; }
  [[nodiscard]] double query_values() const {
    return (shape_.batch * shape_.heads * shape_.queries * shape_.head_dim).as_double();
  }
  /// Keys and values of this rank's tokens.
  [[nodiscard]] double key_values() const {
    return 2 * (shape_.batch * shape_.kv_heads * shape_.keys * shape_.head_dim).as_double();
  }

  /// Step i sends the block that it works on, and, backward, the gradients that the steps before have summed for it.
  Tasks ring(const Tasks& input) {
    const bool backward = pass_ != Pass::Forward;
    SegmentIndex computed = no_task;
    SegmentIndex last_exchange = no_task;
    for (int i = 0; i < ranks(); ++i) {
      const double blocks = (i + 1 < ranks() ? 1 : 0) + (backward && i > 0 ? 1 : 0);
      Tasks before = i == 0 ? input : Tasks{};
      if (backward && i > 0) before.push_back(computed);
      const SegmentIndex received = last_exchange;
      if (blocks > 0) last_exchange = exchange(Collective::SendReceive, "block exchange", blocks * key_values(), before);
      computed = attention(i == 0 ? own_block() : other_block(), i == 0 ? input : Tasks{received});
      if (i > 0) computed = correction(backward);
    }
    return backward ? Tasks{computed, last_exchange} : Tasks{computed};
  }

  [[nodiscard]] Operator<Count> own_block() const { return op_; }
  /// Under a causal mask half of a foreign block is visible: all of it to half of the queries, or half of it to all.
  [[nodiscard]] Operator<Count> other_block() const {
    Operator<Count> block = op_;
    auto& shape = std::get<Attention<Count>>(block.shape);
    if (shape.mask != AttentionMask::Causal) return block;
    shape.mask = AttentionMask::Full;
    shape.keys = shape.keys / 2;
    shape.window = shape.keys;
    return block;
  }

  /// Adds a step's result to the sum of the steps before: one read of either, one write. Backward: of the gradients of queries,
  /// keys and values.
  SegmentIndex correction(bool backward) {
    const double values = query_values() + (backward ? key_values() : 0);
    Step step = memory_step(context_.kernels, MemoryOperator::Elementwise, 3 * values * size_of(context_.kernels.precision), 1);
    return kernel(std::move(step), name_ + " sum", 1, {});
  }

  Tasks all_to_all(const Tasks& input) {
    const double queries = query_values();
    const double keys = key_values() / 2;
    const bool backward = pass_ != Pass::Forward;
    Tasks ready;
    for (const double values : backward ? std::vector{queries} : std::vector{queries, keys, keys})
      ready = {exchange(Collective::AllToAll, "all-to-all", values, input)};
    Operator<Count> whole = op_;
    auto& shape = std::get<Attention<Count>>(whole.shape);
    shape.heads = shape.heads / ranks();
    shape.kv_heads = shape.kv_heads / ranks();
    shape.queries = shape.queries * ranks();
    shape.keys = shape.keys * ranks();
    shape.window = shape.keys;
    const SegmentIndex computed = attention(whole, ready);
    for (const double values : backward ? std::vector{queries, keys, keys} : std::vector{queries})
      ready = {exchange(Collective::AllToAll, "all-to-all", values, {computed})};
    return ready;
  }

  /// Local queries against all keys; what a causal mask hides is skipped, evenly on all ranks.
  Tasks all_gather(const Tasks& input) {
    const double keys = key_values() * ranks();
    const Tasks gathered{exchange(Collective::AllGather, "key all-gather", keys, input)};
    Operator<Count> whole = op_;
    auto& shape = std::get<Attention<Count>>(whole.shape);
    shape.keys = shape.keys * ranks();
    shape.window = shape.keys;
    const SegmentIndex computed = attention(whole, gathered);
    if (pass_ == Pass::Forward) return {computed};
    return {exchange(Collective::ReduceScatter, "key gradient reduce-scatter", keys, {computed})};
  }

  SegmentIndex exchange(Collective kind, const char* what, double values, const Tasks& after) {
    const Bytes message = values * size_of(context_.kernels.precision);
    const Group group = kind == Collective::SendReceive ? context_.context.neighbours : context_.context.group;
    const CollectiveShape shape{.kind = kind, .message = message, .group = group};
    const PredictedTime predicted = collective_time(*context_.cluster, shape);
    return segment_.add(
        Step{.name = fmt::format("{} {}", name_, what),
             .shape = fmt::format("{} of {:.4g} MB over {} ranks", to_string(kind), message.value() / 1e6, ranks()),
             .step_class = StepClass::ContextCommunication,
             .stream = StreamKind::Context,
             .use = group.ranks > group.ranks_per_node ? StepUse::NetworkTransfer : StepUse::NodeTransfer,
             .scope = StepScope::DataGroup,
             .duration = to_ticks(predicted.time),
             .flops = Flops(),
             .bytes = bytes_sent(shape),
             .provenance = predicted.provenance,
             .outside_measured_region = predicted.outside_measured_region},
        after);
  }

  /// FLOPs are counted as for a whole sequence: masked scores included.
  SegmentIndex attention(const Operator<Count>& block, const Tasks& after) {
    Step step = kernel_step(context_.kernels, block, pass_).value();
    const auto& shape = std::get<Attention<Count>>(block.shape);
    if (shape.mask != shape_.mask) step.flops = 2 * step.flops;
    return kernel(std::move(step), name_, launches(context_.kernels, block, pass_), after);
  }

  SegmentIndex kernel(Step step, const std::string& name, int kernel_launches, const Tasks& after) {
    step.name = name;
    if (step_class_) step.step_class = *step_class_;
    return add_kernel(context_, segment_, std::move(step), kernel_launches, after);
  }

  const LayerContext& context_;
  SegmentBuilder& segment_;
  const Operator<Count>& op_;
  const Attention<Count>& shape_;
  std::string name_;
  Pass pass_;
  std::optional<StepClass> step_class_;
};

}  // namespace

Work<Count> context_share(const Work<Count>& work, int ranks) {
  Work<Count> share = work;
  if (ranks == 1) return share;
  for (Tower<Count>& tower : share.towers) {
    for (LayerGroup<Count>& group : tower.groups) {
      for (Operator<Count>& op : group.layer.operators) std::visit(DivideTokens{ranks}, op.shape);
    }
  }
  return share;
}

bool crosses_context(const LayerContext& context, const Operator<Count>& op) {
  return context.context.ranks > 1 && std::holds_alternative<Attention<Count>>(op.shape);
}

std::vector<SegmentIndex> context_attention_forward(const LayerContext& context, SegmentBuilder& segment,
                                                    const Operator<Count>& op, const std::string& name,
                                                    const std::vector<SegmentIndex>& input, std::optional<StepClass> step_class) {
  return ContextAttention(context, segment, op, name, Pass::Forward, step_class).run(input);
}

std::vector<SegmentIndex> context_attention_backward(const LayerContext& context, SegmentBuilder& segment,
                                                     const Operator<Count>& op, const std::string& name,
                                                     const std::vector<SegmentIndex>& gradient) {
  return ContextAttention(context, segment, op, name, Pass::InputGradient, std::nullopt).run(gradient);
}

}  // namespace mfusim
