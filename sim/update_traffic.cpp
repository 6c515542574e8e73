// SPDX-License-Identifier: Apache-2.0
#include "sim/update_traffic.hpp"

#include "sim/data_parallel.hpp"
#include "sim/placement.hpp"

#include <stdexcept>

namespace mfusim {
namespace {

/// The optimizer's own weight read and written (the parameter itself where there is no copy), a new 16-bit one written.
double fused_bytes(const Scenario& scenario) {
  const StateTypes& state = scenario.training.state;
  const double moments = scenario.training.optimizer == Optimizer::Sgd ? 1 : 2;
  const Bytes weight = state.master ? 2 * size_of(*state.master) + size_of(state.parameters) : 2 * size_of(state.parameters);
  const double bytes = (weight + 2 * moments * size_of(state.moments) + gradient_value(scenario)).value();
  return scenario.training.optimizer == Optimizer::Lamb ? bytes + 8 : bytes;
}

/// On their way from 16-bit gradients to the fp32 ones that the optimizer reads.
double flat_gradient_bytes(const Scenario& scenario) {
  if (!flat_update_gradients(scenario)) return 0;
  const double value = gradient_value(scenario).value();
  const double checked = value + 4 + 4;  // converted to fp32, then summed
  const double normed = 4 + 4;           // over an fp32 copy; the values themselves are read by the norm's own step
  const double flattened = 2 * value;
  const double converted = value + 4;
  const double unscaled = 4 + 4;
  return checked + normed + flattened + converted + unscaled;
}

double unfused_bytes(const Scenario& scenario, double adam) {
  constexpr double momentum_sgd = 12 + 8 + 12 + 12;
  const double copy = scenario.training.state.master ? 4 + 2 : 0;
  switch (scenario.training.optimizer) {
    case Optimizer::Adam:
    case Optimizer::AdamW:
      return adam + copy;
    case Optimizer::Lamb:
      return adam + 8 + copy;
    case Optimizer::Sgd:
      return momentum_sgd + copy;
  }
  throw std::logic_error("unhandled Optimizer");
}

}  // namespace

Bytes update_bytes(const Scenario& scenario) {
  constexpr double adam_by_tensor = 88;
  constexpr double adam_over_tensors = 80;
  const double before = flat_gradient_bytes(scenario);
  switch (scenario.stack.optimizer_kernels) {
    case OptimizerKernels::Fused:
      return Bytes(before + fused_bytes(scenario));
    case OptimizerKernels::Foreach:
      return Bytes(before + unfused_bytes(scenario, adam_over_tensors));
    case OptimizerKernels::Loop:
      return Bytes(before + unfused_bytes(scenario, adam_by_tensor));
  }
  throw std::logic_error("unhandled OptimizerKernels");
}

bool flat_update_gradients(const Scenario& scenario) {
  return scenario.stack.flat_update_gradients && scenario.parallel.zero > 0 && is_half(scenario.training.state.gradients);
}

Bytes gradient_copy_bytes(const Scenario& scenario) {
  const GradientCopies copies = scenario.stack.gradient_copies;
  double passes = host_waits_for_gradients(scenario) ? 2 : 0;
  if (copies != GradientCopies::None && gradient_ranks(scenario.parallel) > 1) passes += 4;
  if (copies == GradientCopies::BucketsAndSums) passes += 1 + 3;
  return passes * gradient_value(scenario);
}

bool host_waits_for_gradients(const Scenario& scenario) {
  return scenario.stack.weights == WeightState::Autocast && scenario.training.precision == DataType::Fp16;
}

double update_launches(const Scenario& scenario, double tensors) {
  if (scenario.stack.launch == LaunchMode::Graph || scenario.stack.optimizer_kernels == OptimizerKernels::Fused) return 0;
  constexpr double adam_steps = 9;
  constexpr double momentum_sgd_steps = 4;
  const double steps = scenario.training.optimizer == Optimizer::Sgd ? momentum_sgd_steps : adam_steps;
  const double sums = scenario.stack.gradient_copies == GradientCopies::BucketsAndSums ? tensors : 0;  // set to zero, one by one
  return sums + (scenario.stack.optimizer_kernels == OptimizerKernels::Loop ? steps * tensors : steps);
}

}  // namespace mfusim
