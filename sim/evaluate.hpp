// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/scenario.hpp"

#include <cstddef>

namespace mfusim {

class StepLibrary;

/// What a search over many plans asks of one: the same numbers as summarize() gives, without what explains them.
struct Evaluation {
  Seconds iteration_time{};
  Flops model_flops;         ///< Of the whole job in one step.
  double mfu = 0;            ///< As Result::mfu.
  Bytes peak_memory;         ///< Of the fullest pipeline stage's GPUs.
  Bytes reserved_memory{};   ///< As Result::Memory::reserved.
  Bytes allocated_memory{};  ///< As Result::Memory::allocated.
  Bytes memory_capacity;     ///< Of a GPU.
  int fullest_stage = 0;     ///< The first of equals.
  [[nodiscard]] bool fits() const { return peak_memory <= memory_capacity; }
};

/// Predicts one training step. Throws InputError where the step is too large to simulate (sim/step_size.hpp).
[[nodiscard]] Evaluation evaluate(const Scenario& scenario);

/// The time alone, for who knows the step's work already (micro_batch_work(scenario)): Evaluation::iteration_time, as ticks.
[[nodiscard]] Picoseconds step_time(const Scenario& scenario, const Work<Count>& work);
/// The same with what the library holds: it must hold the scenario (StepLibrary::holds).
[[nodiscard]] Picoseconds step_time(const Scenario& scenario, const Work<Count>& work, StepLibrary& library);

}  // namespace mfusim
