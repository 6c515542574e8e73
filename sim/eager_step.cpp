// SPDX-License-Identifier: Apache-2.0
#include "sim/eager_step.hpp"

#include "sim/priced_step.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

/// Finds an operator's eager kernels.
struct EagerFinder {
  const KernelContext& context;
  Pass pass;

  std::optional<EagerWork> operator()(const Norm<Count>& norm) const {
    const double elements = norm.rows.as_double() * norm.width.as_double();
    if (context.unfused.repeated_fp32_norms)
      return EagerWork{repeated_fp32_norm(norm.kind, eager_types(context), pass), elements};
    const bool unfused = norm.kind == NormKind::RmsNorm && context.unfused.rms_norm;
    if (context.fused_operators && !unfused) return std::nullopt;
    return EagerWork{eager_norm(norm.kind, eager_types(context), pass), elements};
  }
  std::optional<EagerWork> operator()(const Activation<Count>& activation) const {
    const bool gated = activation.kind == ActivationKind::SwiGlu || activation.kind == ActivationKind::GeGlu;
    if (context.fused_operators && !(gated && context.unfused.gated_activation)) return std::nullopt;
    const GateProjections gates = context.unfused.separate_gates ? GateProjections::Separate : GateProjections::Joined;
    return EagerWork{eager_activation(activation.kind, gates, eager_types(context), pass), activation.elements.as_double()};
  }
  std::optional<EagerWork> operator()(const Elementwise<Count>& elementwise) const {
    const bool rotary = elementwise.kind == ElementwiseKind::Rotary && context.unfused.rotary;
    if (context.fused_operators && !rotary) return std::nullopt;
    return EagerWork{eager_elementwise(elementwise.kind, eager_types(context), pass), elementwise.elements.as_double()};
  }
  template <class Shape>
  std::optional<EagerWork> operator()(const Shape&) const {
    return std::nullopt;
  }
};

}  // namespace

EagerTypes eager_types(const KernelContext& context) {
  return {.value = size_of(context.precision).value(),
          .arithmetic =
              context.weights == WeightState::Autocast ? EagerTypes::Arithmetic::Fp32Norms : EagerTypes::Arithmetic::OfTensors};
}

std::optional<EagerWork> eager_work(const KernelContext& context, const Operator<Count>& op, Pass pass) {
  if (pass == Pass::WeightGradient) return std::nullopt;
  return std::visit(EagerFinder{context, pass}, op.shape);
}

std::optional<Step> eager_step(const KernelContext& context, const EagerWork& work) {
  if (work.kernels.empty()) return std::nullopt;
  Step step = priced_step(StepClass::MemoryBound, {}, {.time = Seconds{}, .provenance = Provenance::Fitted}, Flops(), Bytes());
  for (const EagerKernel& kernel : work.kernels) {
    const Bytes bytes(kernel.bytes * work.elements);
    const MemoryShape shape{.op = kernel.family, .bytes = bytes, .launches = kernel.launches, .fused = false};
    const PredictedTime predicted = memory_time(*context.gpu, shape);
    step.duration += to_ticks(predicted.time);
    step.bytes += bytes;
    step.provenance = predicted.provenance;
  }
  step.shape = fmt::format("{:.4g} MB in {} kernels", step.bytes.value() / 1e6, launches_of(work.kernels));
  return step;
}

}  // namespace mfusim
