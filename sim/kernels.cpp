// SPDX-License-Identifier: Apache-2.0
#include "sim/kernels.hpp"

#include "model/count_linear.hpp"
#include "sim/eager_step.hpp"
#include "sim/gradient_sum.hpp"
#include "sim/priced_step.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace mfusim {
namespace {

/// Prices each operator shape in one pass.
struct KernelPricer {
  const KernelContext& context;
  Pass pass;
  bool trainable;

  std::optional<Step> operator()(const Linear<Count>& linear) const {
    GemmShape shape{.m = linear.rows.value(),
                    .n = linear.outputs.value(),
                    .k = linear.inputs.value(),
                    .batch = 1,
                    .dtype = context.precision,
                    .pass = GemmPass::Forward};
    if (pass == Pass::InputGradient) {
      if (!linear.input_gradient) return std::nullopt;
      shape.n = linear.inputs.value();
      shape.k = linear.outputs.value();
      shape.pass = GemmPass::InputGradient;
    } else if (pass == Pass::WeightGradient) {
      if (!trainable) return std::nullopt;
      shape.m = linear.inputs.value();
      shape.k = linear.rows.value();
      shape.pass = GemmPass::WeightGradient;
      if (context.weight_gradient_sum == WeightGradientSum::Fused && context.summed > 0) shape.sum_value = context.gradient_value;
    }
    const Count weights = linear.inputs * linear.outputs;
    return with_sum(with_bias_gradient(with_casts(gemm_step(context, shape), weights), linear), weights);
  }

  std::optional<Step> operator()(const Attention<Count>& attention) const {
    if (pass == Pass::WeightGradient) return std::nullopt;
    const AttentionShape shape{.batch = attention.batch.value(),
                               .heads = attention.heads.value(),
                               .kv_heads = attention.kv_heads.value(),
                               .queries = attention.queries.value(),
                               .keys = attention.keys.value(),
                               .head_dim = attention.head_dim.value(),
                               .window = attention.window.value(),
                               .causal = attention.mask == AttentionMask::Causal,
                               .dropout = attention.dropout,
                               .dtype = context.precision,
                               .kernel = context.attention,
                               .softmax = softmax(),
                               .library = context.matrix_library,
                               .direction = pass == Pass::Forward ? Direction::Forward : Direction::Backward};
    const double rows = attention.batch.as_double() * attention.heads.as_double() * attention.queries.as_double();
    const double forward_flops = 4 * rows * attention.window.as_double() * attention.head_dim.as_double();
    const double tensors =
        2 * rows * attention.head_dim.as_double() * (1 + attention.kv_heads.as_double() / attention.heads.as_double());
    Step step = priced_step(StepClass::Attention,
                            fmt::format("batch={} heads={} queries={} keys={} head_dim={}", shape.batch, shape.heads,
                                        shape.queries, shape.window, shape.head_dim),
                            attention_time(*context.gpu, shape), Flops(pass == Pass::Forward ? forward_flops : 2 * forward_flops),
                            tensors * (pass == Pass::Forward ? 1 : 2) * size_of(context.precision));
    return with_layout(std::move(step), rows * attention.head_dim.as_double());
  }

  std::optional<Step> operator()(const Matmul<Count>& matmul) const {
    if (pass == Pass::WeightGradient) return std::nullopt;
    const GemmShape shape{.m = matmul.rows.value(),
                          .n = matmul.columns.value(),
                          .k = matmul.inner.value(),
                          .batch = matmul.batch.value(),
                          .dtype = context.precision,
                          .pass = GemmPass::Forward};
    Step step = gemm_step(context, shape);
    if (pass == Pass::InputGradient) {  // one product for each of the two inputs
      step.duration *= 2;
      step.flops = 2 * step.flops;
      step.bytes = 2 * step.bytes;
    }
    return step;
  }

  std::optional<Step> operator()(const Norm<Count>& norm) const {
    const double values = norm.rows.as_double() * norm.width.as_double();
    const MemoryOperator op = norm.kind == NormKind::LayerNorm ? MemoryOperator::LayerNorm : MemoryOperator::RmsNorm;
    return memory(op, values, 2, 3);  // read x, write y; read x and dy, write dx
  }

  std::optional<Step> operator()(const Activation<Count>& activation) const {
    const bool gated = activation.kind == ActivationKind::SwiGlu || activation.kind == ActivationKind::GeGlu;
    return memory(MemoryOperator::Activation, activation.elements.as_double(), gated ? 3 : 2, gated ? 5 : 3);
  }

  std::optional<Step> operator()(const Elementwise<Count>& elementwise) const {
    const double values = elementwise.elements.as_double();
    switch (elementwise.kind) {
      case ElementwiseKind::Residual:
        return memory(MemoryOperator::Elementwise, values, 3, 3);
      case ElementwiseKind::Position:
        return memory(MemoryOperator::Elementwise, values, 2, 1);
      case ElementwiseKind::Rotary:
        return memory(MemoryOperator::Elementwise, values, 2, 2);
      case ElementwiseKind::Pool:
        return memory(MemoryOperator::Elementwise, values, 1, 1);
      case ElementwiseKind::Scale:
        return memory(MemoryOperator::Elementwise, values, 2, 3);
      case ElementwiseKind::CausalMask:
      case ElementwiseKind::ScoreBias:
        return std::nullopt;          // applied inside the attention kernel
      case ElementwiseKind::Dropout:  // with the residual addition; only its byte mask is extra traffic
        return memory(MemoryOperator::Elementwise, values, 0.5, 0.5);
    }
    throw std::logic_error("unhandled ElementwiseKind");
  }

  std::optional<Step> operator()(const Embedding<Count>& embedding) const {
    return memory(MemoryOperator::Embedding, embedding.rows.as_double() * embedding.width.as_double(), 2, 3);
  }

  std::optional<Step> operator()(const L2Normalize<Count>& normalize) const {
    return memory(MemoryOperator::Elementwise, normalize.rows.as_double() * normalize.width.as_double(), 2, 3);
  }

  /// Cross entropy over a vocabulary: what the software says (sim/stack.hpp), in values of the 2-byte type. The losses of two
  /// towers over fp32 copies of the scores, step by step.
  std::optional<Step> operator()(const Loss<Count>& loss) const {
    const LogitsTraffic traffic = loss.kind == LossKind::CrossEntropy ? context.logits : LogitsTraffic{};
    constexpr double value = 2;
    return memory(MemoryOperator::Softmax, loss.rows.as_double() * loss.classes.as_double(), traffic.forward.value() / value,
                  traffic.backward.value() / value);
  }

 private:
  std::optional<Step> memory(MemoryOperator op, double values, double forward_moves, double backward_moves) const {
    if (pass == Pass::WeightGradient) return std::nullopt;
    const double moves = pass == Pass::Forward ? forward_moves : backward_moves;
    return memory_step(context, op, moves * values * size_of(context.precision), 1);
  }

  [[nodiscard]] SoftmaxKernel softmax() const {
    if (context.fused_operators) return SoftmaxKernel::Fused;
    return context.weights == WeightState::Autocast ? SoftmaxKernel::EagerFp32 : SoftmaxKernel::Eager;
  }

  [[nodiscard]] Step with_layout(Step step, double query_elements) const {
    if (context.fused_operators) return step;
    const auto copies =
        eager_step(context, {eager_attention_layout(context.attention, eager_types(context), pass), query_elements});
    step.duration += copies->duration;
    step.bytes += copies->bytes;
    return step;
  }

  /// Without a fused kernel the sum of the output's gradient over all rows is a pass of its own.
  [[nodiscard]] Step with_bias_gradient(Step step, const Linear<Count>& linear) const {
    if (context.fused_operators || pass != Pass::WeightGradient || !linear.bias) return step;
    const Bytes output = linear.rows.as_double() * linear.outputs.as_double() * size_of(context.precision);
    const Step sum = memory_step(context, MemoryOperator::Elementwise, output, 1);
    step.duration += sum.duration;
    step.bytes += sum.bytes;
    return step;
  }

  /// Kernels of their own for the sum over the micro-batches; where some micro-batches have none, the mean over all.
  [[nodiscard]] Step with_sum(Step step, Count weights) const {
    if (pass != Pass::WeightGradient || sum_kernels(context) == 0) return step;
    const Bytes bytes = context.summed * weights.as_double() * sum_bytes(context);
    const Step sum = memory_step(context, MemoryOperator::Elementwise, bytes, sum_kernels(context));
    step.duration += sum.duration;
    step.bytes += sum.bytes;
    return step;
  }

  /// Autocast converts the fp32 weights (4 + 2 bytes) before the forward product and the gradient (2 + 4) after the
  /// weight-gradient product; the copies made forward serve the input gradient.
  Step with_casts(Step step, Count weights) const {
    if (context.weights != WeightState::Autocast || pass == Pass::InputGradient || context.precision == DataType::Fp32)
      return step;
    const Step cast = memory_step(context, MemoryOperator::Copy, Bytes(6 * weights.as_double()), 1);
    step.duration += cast.duration;
    step.bytes += cast.bytes;
    return step;
  }
};

}  // namespace

std::string to_string(Pass pass) {
  switch (pass) {
    case Pass::Forward:
      return "forward";
    case Pass::InputGradient:
      return "backward";
    case Pass::WeightGradient:
      return "weight gradient";
  }
  throw std::logic_error("unhandled Pass");
}

std::optional<Step> kernel_step(const KernelContext& context, const Operator<Count>& op, Pass pass) {
  if (const std::optional<EagerWork> eager = eager_work(context, op, pass)) return eager_step(context, *eager);
  return std::visit(KernelPricer{context, pass, op.trainable}, op.shape);
}

namespace {

/// A product, and what autocast and an unfused bias add to it: conversions of weight and bias (or of their gradients), and the
/// bias gradient's sum.
int linear_launches(const KernelContext& context, const Linear<Count>& linear, Pass pass) {
  if (pass == Pass::InputGradient) return 1;
  const bool bias_sum = pass == Pass::WeightGradient && linear.bias && !context.fused_operators;
  const int conversions = context.weights == WeightState::Autocast ? (linear.bias ? 2 : 1) : 0;
  const int sums = pass == Pass::WeightGradient ? sum_kernels(context) : 0;
  return 1 + conversions + (bias_sum ? 1 : 0) + sums;
}

int attention_launches(const KernelContext& context, Pass pass) {
  const int core = context.attention != AttentionKernel::Unfused ? 1 : pass == Pass::Forward ? 4 : 6;
  if (context.fused_operators) return core;  // scale, scores, softmax, values; their gradients
  return core + launches_of(eager_attention_layout(context.attention, eager_types(context), pass));
}

}  // namespace

int launches(const KernelContext& context, const Operator<Count>& op, Pass pass) {
  if (const std::optional<EagerWork> eager = eager_work(context, op, pass)) return launches_of(eager->kernels);
  if (const auto* linear = std::get_if<Linear<Count>>(&op.shape)) return linear_launches(context, *linear, pass);
  if (std::holds_alternative<Attention<Count>>(op.shape)) return attention_launches(context, pass);
  return 1;
}

}  // namespace mfusim
