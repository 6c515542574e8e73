// SPDX-License-Identifier: Apache-2.0
#include "sim/eager_kernels.hpp"

#include <numeric>
#include <stdexcept>

namespace mfusim {
namespace {

constexpr double fp32 = 4;

bool norms_in_fp32(EagerTypes types) {
  return types.arithmetic == EagerTypes::Arithmetic::Fp32Norms && types.value < fp32;
}

EagerKernels layer_norm(EagerTypes types, Pass pass) {
  const bool wide = norms_in_fp32(types);
  const double value = wide ? fp32 : types.value;
  constexpr int backward_kernels = 3;  // dx, partial sums for weight and bias, their sums
  const EagerKernel kernel = pass == Pass::Forward ? EagerKernel{MemoryOperator::LayerNorm, 2 * value, 1}
                                                   : EagerKernel{MemoryOperator::LayerNorm, 5 * value, backward_kernels};
  if (!wide) return {kernel};
  const EagerKernel conversions{MemoryOperator::Copy, 2 * (types.value + fp32), 2};
  return {conversions, kernel};
}

EagerKernels rms_norm(EagerTypes types, Pass pass) {
  const double v = types.value;
  if (pass == Pass::Forward) {
    constexpr int kernels = 7;
    return {{MemoryOperator::Elementwise, (v + fp32) + 2 * fp32 + fp32 + 2 * fp32 + (fp32 + v) + 2 * v, kernels}};
  }
  constexpr int kernels = 12;
  const double weight = 2 * v + 4 * v;                // gradient x weight; gradient x value and its sum over the rows
  const double product = 2 * fp32 + 3 * fp32 + fp32;  // by the inverse root; by the value, and its sum over the row
  const double square = 4 * fp32 + 3 * fp32;          // 2 x times the gradient of the mean; sum of both ways to x
  return {{MemoryOperator::Elementwise, weight + 2 * (v + fp32) + product + square, kernels}};
}

}  // namespace

EagerKernels eager_norm(NormKind kind, EagerTypes types, Pass pass) {
  switch (kind) {
    case NormKind::LayerNorm:
      return layer_norm(types, pass);
    case NormKind::RmsNorm:
      return rms_norm(types, pass);
  }
  throw std::logic_error("unhandled NormKind");
}

EagerKernels repeated_fp32_norm(NormKind kind, EagerTypes types, Pass pass) {
  const double v = types.value;
  const MemoryOperator family = kind == NormKind::LayerNorm ? MemoryOperator::LayerNorm : MemoryOperator::RmsNorm;
  EagerKernels kernels{{MemoryOperator::Copy, v + fp32, 1}, {family, fp32 + v, 1}};
  if (pass == Pass::Forward) return kernels;
  kernels.push_back({family, v + 2 * fp32, 2});  // dx, and the sum for the weight
  kernels.push_back({MemoryOperator::Copy, fp32 + v, 1});
  return kernels;
}

EagerKernels eager_activation(ActivationKind kind, GateProjections gates, EagerTypes types, Pass pass) {
  const double v = types.value;
  const bool forward = pass == Pass::Forward;
  const auto kernels = [&](double forward_values, int forward_launches, double backward_values, int backward_launches) {
    return EagerKernels{{MemoryOperator::Elementwise, v * (forward ? forward_values : backward_values),
                         forward ? forward_launches : backward_launches}};
  };
  switch (kind) {
    case ActivationKind::Gelu:
    case ActivationKind::Relu:
    case ActivationKind::Silu:
    case ActivationKind::Tanh:
      return {{MemoryOperator::Activation, v * (forward ? 2 : 3), 1}};
    case ActivationKind::QuickGelu:
      return kernels(7, 3, 14, 5);
    case ActivationKind::SquaredRelu:
      return kernels(4, 2, 8, 3);
    case ActivationKind::SwiGlu:
    case ActivationKind::GeGlu:
      return gates == GateProjections::Joined ? kernels(5, 2, 13, 4) : kernels(5, 2, 9, 3);
  }
  throw std::logic_error("unhandled ActivationKind");
}

EagerKernels eager_elementwise(ElementwiseKind kind, EagerTypes types, Pass pass) {
  const double v = types.value;
  const bool forward = pass == Pass::Forward;
  const auto kernels = [&](double forward_values, int forward_launches, double backward_values, int backward_launches) {
    return EagerKernels{{MemoryOperator::Elementwise, v * (forward ? forward_values : backward_values),
                         forward ? forward_launches : backward_launches}};
  };
  switch (kind) {
    case ElementwiseKind::Residual:
      return kernels(3, 1, 3, 1);
    case ElementwiseKind::Position:
      return kernels(2, 1, 1, 1);
    case ElementwiseKind::Rotary:
      return kernels(10, 5, 12, 6);
    case ElementwiseKind::Pool:
      return kernels(1, 1, 1, 1);
    case ElementwiseKind::Scale:
      return kernels(2, 1, 6, 3);
    case ElementwiseKind::Dropout:  // with a mask of one byte
      return {{MemoryOperator::Elementwise, 2 * v + 1, 1}};
    case ElementwiseKind::CausalMask:
    case ElementwiseKind::ScoreBias:
      return {};  // applied to the scores, with them
  }
  throw std::logic_error("unhandled ElementwiseKind");
}

EagerKernels eager_attention_layout(AttentionKernel kernel, EagerTypes types, Pass pass) {
  const double copy = 2 * types.value;
  const bool forward = pass == Pass::Forward;
  if (kernel != AttentionKernel::Unfused) return {{MemoryOperator::Copy, (3 + 1) * copy, 2}};
  const int copies = forward ? 3 + 1 : 3 + 3 + 1;  // backward: each gradient into its layout, then joined; the output's
  return {{MemoryOperator::Copy, copies * copy, forward ? copies : 3 + 1 + 1}, {MemoryOperator::Elementwise, copy, 1}};
}

int launches_of(const EagerKernels& kernels) {
  return std::accumulate(kernels.begin(), kernels.end(), 0,
                         [](int sum, const EagerKernel& kernel) { return sum + kernel.launches; });
}

}  // namespace mfusim
