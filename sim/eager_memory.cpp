// SPDX-License-Identifier: Apache-2.0
#include "sim/eager_memory.hpp"

namespace mfusim {
namespace {

/// Bytes a value of 16 bit, times values.
struct Surplus {
  const Scenario& scenario;

  [[nodiscard]] bool eager() const { return !scenario.techniques.fused_operators; }

  double operator()(const Norm<Count>& norm) const {
    const double values = norm.rows.as_double() * norm.width.as_double();
    if (norm.kind == NormKind::RmsNorm) return eager() || scenario.stack.unfused.rms_norm ? 4 * values : 0;
    return eager() && autocasts(scenario.training, scenario.stack) ? 2 * values : 0;
  }
  double operator()(const Activation<Count>& activation) const {
    const double values = activation.elements.as_double();
    switch (activation.kind) {
      case ActivationKind::SwiGlu:
      case ActivationKind::GeGlu:
        return eager() || scenario.stack.unfused.gated_activation ? 2 * values : 0;
      case ActivationKind::QuickGelu:
        return eager() ? 2 * values : 0;
      case ActivationKind::Gelu:
      case ActivationKind::Relu:
      case ActivationKind::SquaredRelu:
      case ActivationKind::Silu:
      case ActivationKind::Tanh:
        return 0;
    }
    throw std::logic_error("unhandled ActivationKind");
  }
  double operator()(const Loss<Count>& loss) const {
    const bool copied = scenario.stack.eager_cross_entropy && loss.kind == LossKind::CrossEntropy;
    return copied ? 12 * loss.rows.as_double() * loss.classes.as_double() : 0;
  }
  template <class Shape>
  double operator()(const Shape&) const {
    return 0;
  }
};

}  // namespace

Bytes kept_by_eager_kernels(const Scenario& scenario, const Operator<Count>& mine) {
  if (mine.saved != SavedInput::Kept || !is_half(scenario.training.precision)) return {};
  return Bytes(std::visit(Surplus{scenario}, mine.shape));
}

}  // namespace mfusim
