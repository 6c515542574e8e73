// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/replayed_passes.hpp"

#include "hardware/kernel.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace mfusim::tests {
namespace {

bool gated(const Activation<Count>& activation) {
  return activation.kind == ActivationKind::SwiGlu || activation.kind == ActivationKind::GeGlu;
}

/// Values of an operator's first input and of its output, on one rank.
struct InputAndOutput {
  double input = 0;
  double output = 0;
};

struct Sizes {
  InputAndOutput operator()(const Linear<Count>& linear) const {
    return {(linear.rows * linear.inputs).as_double(), (linear.rows * linear.outputs).as_double()};
  }
  InputAndOutput operator()(const Attention<Count>& attention) const {
    const Count head = attention.batch * attention.head_dim;
    const double output = (head * attention.heads * attention.queries).as_double();
    return {output + 2 * (head * attention.kv_heads * attention.keys).as_double(), output};
  }
  InputAndOutput operator()(const Norm<Count>& norm) const {
    const double values = (norm.rows * norm.width).as_double();
    return {values, values};
  }
  InputAndOutput operator()(const Activation<Count>& activation) const {
    const double values = activation.elements.as_double();
    return {gated(activation) ? 2 * values : values, values};
  }
  InputAndOutput operator()(const Elementwise<Count>& elementwise) const {
    return {elementwise.elements.as_double(), elementwise.elements.as_double()};
  }
  template <class Shape>
  InputAndOutput operator()(const Shape&) const {
    throw std::logic_error("no operator of a transformer layer");
  }
};

InputAndOutput sizes(const Operator<Count>& op) {
  return std::visit(Sizes{}, op.shape);
}

bool is_kind(const Operator<Count>& op, ElementwiseKind kind) {
  const auto* elementwise = std::get_if<Elementwise<Count>>(&op.shape);
  return elementwise != nullptr && elementwise->kind == kind;
}

/// Inside the kernels of their neighbours.
bool writes_nothing(const Operator<Count>& op) {
  return is_kind(op, ElementwiseKind::Rotary) || is_kind(op, ElementwiseKind::ScoreBias) ||
         is_kind(op, ElementwiseKind::CausalMask);
}

std::vector<int> inputs_of(const Operator<Count>& op) {
  return op.inputs.empty() ? std::vector{input_of_layer} : op.inputs;
}

}  // namespace

ReplayedPasses::ReplayedPasses(const Scenario& scenario, const ModelChunk& chunk, CachingAllocator& allocator)
    : scenario_(scenario), group_{scenario.parallel.tensor, scenario.parallel.sequence}, allocator_(allocator) {
  for (const LayerRun& run : chunk.runs) {
    if (run.transformer_block) layers_.insert(layers_.end(), static_cast<std::size_t>(run.repeat), run.layer);
  }
  stream_values_ = sizes(shard(layers_.front()->operators.back(), group_)).output;
}

Tensor ReplayedPasses::values(double count) {
  return tensor_of(allocator_, static_cast<std::int64_t>(std::llround(count * size_of(scenario_.training.precision).value())));
}

Tensor ReplayedPasses::mask(double count) {
  return tensor_of(allocator_, static_cast<std::int64_t>(std::llround(count)));
}

void ReplayedPasses::record(Tensor tensor, bool asynchronous) {
  const RecordedCollectives which = scenario_.stack.recorded_collectives;
  const bool recorded = which == RecordedCollectives::All || (which == RecordedCollectives::Asynchronous && asynchronous);
  if (recorded) recorded_.push_back(std::move(tensor));
}

/// Whole tensors stand on the outer side of a split region's linears.
Tensor ReplayedPasses::forward_linear(const Operator<Count>& op) {
  const InputAndOutput size = sizes(op);
  if (group_.ranks == 1) return values(size.output);
  if (op.split == TensorSplit::Columns && group_.sequence) {
    Tensor gathered = values(size.input);
    Tensor output = values(size.output);
    record(std::move(gathered), false);
    return output;
  }
  Tensor output = values(size.output);
  if (op.split != TensorSplit::Rows) return output;
  if (!group_.sequence) {
    record(output, true);  // summed in its place
    return output;
  }
  Tensor share = values(size.output / group_.ranks);
  record(std::move(output), false);
  record(share, false);
  return share;
}

double ReplayedPasses::scores(const Attention<Count>& attention) const {
  if (scenario_.techniques.attention != AttentionKernel::Unfused) return 0;
  return (attention.batch * attention.heads * attention.queries * attention.window).as_double();
}

void ReplayedPasses::forward_scores(const Attention<Count>& attention, Tensors& kept) {
  const double count = scores(attention);
  if (count == 0) return;
  const Tensor products = values(count);
  kept.push_back(values(count));  // the softmax
  if (!attention.dropout) return;
  kept.push_back(mask(count));
  kept.push_back(values(count));
}

/// The gradient of the scores, in the place of that of the softmax.
Tensor ReplayedPasses::backward_scores(const Attention<Count>& attention, Tensors& kept) {
  const double count = scores(attention);
  if (count == 0) return {};
  if (!attention.dropout) return values(count);
  const Tensor of_dropped = values(count);
  Tensor of_softmax = values(count);
  kept.resize(2);  // the input and the softmax
  return of_softmax;
}

Tensor ReplayedPasses::forward_operator(const Operator<Count>& op, const Tensor& input, Tensors& kept) {
  if (is_kind(op, ElementwiseKind::Dropout)) {  // one kernel with the addition behind it: its output is never written
    kept.push_back(mask(sizes(op).output));
    return input;
  }
  if (writes_nothing(op)) return input;
  if (op.saved != SavedInput::None) kept.push_back(input);
  if (std::holds_alternative<Linear<Count>>(op.shape)) return forward_linear(op);
  if (const auto* attention = std::get_if<Attention<Count>>(&op.shape)) forward_scores(*attention, kept);
  return values(sizes(op).output);
}

Tensor ReplayedPasses::forward_layer(const Layer<Count>& layer, Tensor input, Kept& kept) {
  Values known{.input = std::move(input), .outputs = Tensors(layer.operators.size())};
  std::vector<std::size_t> last_use(layer.operators.size());
  for (std::size_t i = 0; i < layer.operators.size(); ++i) {
    for (const int from : inputs_of(layer.operators[i])) {
      if (from != input_of_layer) last_use[static_cast<std::size_t>(from)] = i;
    }
  }
  kept.resize(layer.operators.size());
  for (std::size_t i = 0; i < layer.operators.size(); ++i) {
    const std::vector<int> inputs = inputs_of(layer.operators[i]);
    const int from = inputs.back();  // of an addition the branch; the other one is alive too
    const Tensor& first = from == input_of_layer ? known.input : known.outputs[static_cast<std::size_t>(from)];
    known.outputs[i] = forward_operator(shard(layer.operators[i], group_), first, kept[i]);
    for (const int used : inputs) {
      if (used != input_of_layer && last_use[static_cast<std::size_t>(used)] == i)
        known.outputs[static_cast<std::size_t>(used)].reset();
    }
  }
  return known.outputs.back();
}

Tensor ReplayedPasses::backward_linear(const Operator<Count>& op, Tensor gradient, Tensors& kept) {
  const InputAndOutput size = sizes(op);
  Tensor whole;
  if (group_.sequence && op.split == TensorSplit::Rows) {  // the gradient is gathered
    whole = values(size.output);
    gradient = whole;
  }
  if (group_.sequence && op.split == TensorSplit::Columns) whole = values(size.input);  // the kept input is gathered
  Tensor of_input = values(size.input);
  record(std::move(whole), op.split == TensorSplit::Columns);
  if (op.split == TensorSplit::Columns && group_.ranks > 1) {
    record(of_input, true);
    if (group_.sequence) {
      of_input = values(size.input / group_.ranks);
      record(of_input, true);
    }
  }
  gradient.reset();
  kept.clear();
  return of_input;
}

Tensor ReplayedPasses::backward_operator(const Operator<Count>& op, Tensor gradient, Tensors& kept) {
  if (std::holds_alternative<Linear<Count>>(op.shape)) return backward_linear(op, std::move(gradient), kept);
  if (is_kind(op, ElementwiseKind::Residual) || writes_nothing(op)) return gradient;
  Tensor of_scores;
  if (const auto* attention = std::get_if<Attention<Count>>(&op.shape)) of_scores = backward_scores(*attention, kept);
  Tensor of_input = values(sizes(op).input);
  kept.clear();
  return of_input;
}

void ReplayedPasses::add_gradient(const Layer<Count>& layer, int of, Tensor gradient, Values& gradients) {
  Tensor& sum = of == input_of_layer ? gradients.input : gradients.outputs[static_cast<std::size_t>(of)];
  if (!sum) {
    sum = std::move(gradient);
    return;
  }
  const double count =
      of == input_of_layer ? stream_values_ : sizes(shard(layer.operators[static_cast<std::size_t>(of)], group_)).output;
  sum = values(count);
}

Tensor ReplayedPasses::backward_layer(const Layer<Count>& layer, Tensor gradient, Kept& kept) {
  Values gradients{.input = {}, .outputs = Tensors(layer.operators.size())};
  gradients.outputs.back() = std::move(gradient);
  for (std::size_t i = layer.operators.size(); i-- > 0;) {
    const Operator<Count>& op = layer.operators[i];
    if (!gradients.outputs[i]) continue;
    const Tensor of_input = backward_operator(shard(op, group_), std::move(gradients.outputs[i]), kept[i]);
    for (const int from : inputs_of(op)) add_gradient(layer, from, of_input, gradients);
  }
  return gradients.input;
}

void ReplayedPasses::forward(std::uint32_t micro_batch) {
  std::vector<Kept>& kept = in_flight_[micro_batch];
  kept.resize(layers_.size());
  Tensor stream = values(stream_values_);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Tensor input = stream;
    stream = forward_layer(*layers_[i], std::move(stream), kept[i]);
    if (computes_again()) kept[i] = {{std::move(input)}};
  }
  if (scenario_.stack.keeps_stage_outputs) kept.push_back({{std::move(stream)}});
  stream.reset();
  recorded_.clear();
}

void ReplayedPasses::backward(std::uint32_t micro_batch) {
  std::vector<Kept>& kept = in_flight_.at(micro_batch);
  Tensor gradient = values(stream_values_);
  kept.resize(layers_.size());
  for (std::size_t i = layers_.size(); i-- > 0;) {
    if (computes_again()) {
      Tensor input = std::move(kept[i].front().front());
      kept[i].clear();
      static_cast<void>(forward_layer(*layers_[i], std::move(input), kept[i]));
    }
    gradient = backward_layer(*layers_[i], std::move(gradient), kept[i]);
  }
  gradient.reset();
  recorded_.clear();
  in_flight_.erase(micro_batch);
}

}  // namespace mfusim::tests
