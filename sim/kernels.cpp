// SPDX-License-Identifier: Apache-2.0
#include "sim/kernels.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace mfusim {
namespace {

Step priced(StepClass step_class, std::string shape, const PredictedTime& predicted, Flops flops, Bytes bytes) {
  return Step{.name = {},
              .shape = std::move(shape),
              .step_class = step_class,
              .stream = StreamKind::Compute,
              .use = step_class == StepClass::MemoryBound ? StepUse::Memory : StepUse::Compute,
              .duration = to_ticks(predicted.time),
              .flops = flops,
              .bytes = bytes,
              .provenance = predicted.provenance,
              .outside_measured_region = predicted.outside_measured_region};
}

/// A matrix multiply reads both operands and writes its result once.
Step gemm_step(const KernelContext& context, const GemmShape& shape) {
  const auto m = static_cast<double>(shape.m);
  const auto n = static_cast<double>(shape.n);
  const auto k = static_cast<double>(shape.k);
  const auto batch = static_cast<double>(shape.batch);
  const std::string text = fmt::format("{}m={} n={} k={} {}", shape.batch > 1 ? fmt::format("batch={} ", shape.batch) : "",
                                       shape.m, shape.n, shape.k, to_string(shape.dtype));
  return priced(StepClass::Matmul, text, gemm_time(*context.gpu, shape), Flops(2 * batch * m * n * k),
                batch * (m * k + k * n + m * n) * size_of(shape.dtype));
}

/// Bytes that a memory-bound operator moves at the least: reads and writes of its tensors, `e` bytes an element.
struct Traffic {
  MemoryOperator op;
  double bytes;
};

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
    }
    return with_casts(gemm_step(context, shape), linear.inputs * linear.outputs);
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
                               .direction = pass == Pass::Forward ? Direction::Forward : Direction::Backward};
    const double rows = attention.batch.as_double() * attention.heads.as_double() * attention.queries.as_double();
    const double forward_flops = 4 * rows * attention.window.as_double() * attention.head_dim.as_double();
    const double tensors =
        2 * rows * attention.head_dim.as_double() * (1 + attention.kv_heads.as_double() / attention.heads.as_double());
    return priced(StepClass::Attention,
                  fmt::format("batch={} heads={} queries={} keys={} head_dim={}", shape.batch, shape.heads, shape.queries,
                              shape.window, shape.head_dim),
                  attention_time(*context.gpu, shape), Flops(pass == Pass::Forward ? forward_flops : 2 * forward_flops),
                  tensors * (pass == Pass::Forward ? 1 : 2) * size_of(context.precision));
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
      case ElementwiseKind::Dropout:  // fused with the residual addition only its byte mask is extra traffic
        return context.fused_operators ? memory(MemoryOperator::Elementwise, values, 0.5, 0.5)
                                       : memory(MemoryOperator::Elementwise, values, 2.5, 2.5);
    }
    throw std::logic_error("unhandled ElementwiseKind");
  }

  std::optional<Step> operator()(const Embedding<Count>& embedding) const {
    return memory(MemoryOperator::Embedding, embedding.rows.as_double() * embedding.width.as_double(), 2, 3);
  }

  std::optional<Step> operator()(const L2Normalize<Count>& normalize) const {
    return memory(MemoryOperator::Elementwise, normalize.rows.as_double() * normalize.width.as_double(), 2, 3);
  }

  /// Cross entropy over fp32 copies of the scores. Traffic of Megatron-LM's vocab-parallel cross entropy, operation by
  /// operation: convert (2 + 4 bytes), maximum (4), subtract (8), exponential (8), sum (4), divide (8); backward: scale
  /// (8) and convert (6). In values of the 2-byte type: 17 and 7.
  std::optional<Step> operator()(const Loss<Count>& loss) const {
    return memory(MemoryOperator::Softmax, loss.rows.as_double() * loss.classes.as_double(), 17, 7);
  }

 private:
  std::optional<Step> memory(MemoryOperator op, double values, double forward_moves, double backward_moves) const {
    if (pass == Pass::WeightGradient) return std::nullopt;
    const double moves = pass == Pass::Forward ? forward_moves : backward_moves;
    return memory_step(context, op, moves * values * size_of(context.precision), 1);
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
  return std::visit(KernelPricer{context, pass, op.trainable}, op.shape);
}

Step memory_step(const KernelContext& context, MemoryOperator op, Bytes bytes, int kernel_launches) {
  const MemoryShape shape{.op = op, .bytes = bytes, .launches = kernel_launches, .fused = context.fused_operators};
  return priced(StepClass::MemoryBound, fmt::format("{:.4g} MB", bytes.value() / 1e6), memory_time(*context.gpu, shape), Flops(),
                bytes);
}

int launches(const KernelContext& context, const Operator<Count>& op, Pass pass) {
  const bool cast = context.weights == WeightState::Autocast && std::holds_alternative<Linear<Count>>(op.shape);
  const bool unfused_attention =
      context.attention == AttentionKernel::Unfused && std::holds_alternative<Attention<Count>>(op.shape);
  if (unfused_attention) return pass == Pass::Forward ? 4 : 6;  // scale, scores, softmax, values; their gradients
  return cast && pass != Pass::InputGradient ? 2 : 1;
}

}  // namespace mfusim
