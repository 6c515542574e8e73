// SPDX-License-Identifier: Apache-2.0
#include "sim/evaluate.hpp"

#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/fold.hpp"
#include "sim/memory.hpp"
#include "sim/sharded_recurrence.hpp"
#include "sim/steady_state.hpp"
#include "sim/step_flops.hpp"
#include "sim/summarize.hpp"

#include <algorithm>

namespace mfusim {

namespace {

/// By simulating each task.
Picoseconds full_step_time(const Scenario& scenario, const Work<Count>& work) {
  const BuiltStep full = build_step(scenario, work);
  const Timeline timeline = simulate(full.graph);
  return scenario.parallel.post_validation ? without_barrier(full, timeline).makespan : timeline.makespan;
}

/// A step without its barrier is shorter than its timeline.
bool has_barrier(const Scenario& scenario) {
  return !scenario.parallel.post_validation;
}

}  // namespace

Picoseconds step_time(const Scenario& scenario, const Work<Count>& work) {
  if (is_fully_sharded_step(scenario, work)) {
    if (const std::optional<Picoseconds> time = recurring_step_time(scenario, work)) return *time;
  }
  const std::optional<Folded> folded = has_barrier(scenario) ? fold_step(scenario, work) : std::nullopt;
  return folded ? folded->makespan : full_step_time(scenario, work);
}

Picoseconds step_time(const Scenario& scenario, const Work<Count>& work, StepLibrary& library) {
  const bool folds = has_barrier(scenario) && is_pipeline_step(scenario, work);
  const std::optional<Folded> folded = folds ? fold_step(scenario, library) : std::nullopt;
  return folded ? folded->makespan : step_time(scenario, work);
}

Evaluation evaluate(const Scenario& scenario) {
  const Work<Count> work = micro_batch_work(scenario);
  const std::vector<StageMemory> stages = memory_of(scenario, work);
  const auto fullest =
      std::max_element(stages.begin(), stages.end(), [](const auto& a, const auto& b) { return a.total() < b.total(); });
  Evaluation evaluation{.iteration_time = to_seconds(step_time(scenario, work)),
                        .model_flops = model_flops(scenario, work),
                        .peak_memory = fullest->total(),
                        .memory_capacity = scenario.cluster.gpu.memory_capacity,
                        .fullest_stage = fullest->stage};
  for (const StageMemory& stage : stages) {
    evaluation.reserved_memory = std::max(evaluation.reserved_memory, stage.reserved());
    evaluation.allocated_memory = std::max(evaluation.allocated_memory, stage.allocated());
  }
  evaluation.mfu = utilisation(scenario, evaluation.model_flops, evaluation.iteration_time);
  return evaluation;
}

}  // namespace mfusim
