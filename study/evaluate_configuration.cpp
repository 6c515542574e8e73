// SPDX-License-Identifier: Apache-2.0
#include "study/evaluate_configuration.hpp"

#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/memory.hpp"
#include "sim/summarize.hpp"

#include <algorithm>

namespace mfusim {
namespace {

Result::Plan plan_of(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  Result::Plan resolved;
  resolved.tensor = plan.tensor;
  resolved.pipeline = plan.pipeline;
  resolved.virtual_stages = plan.virtual_stages;
  resolved.data = plan.data;
  resolved.zero = plan.zero;
  resolved.sequence = plan.sequence;
  resolved.schedule = plan.pipeline > 1 ? to_string(plan.schedule) : "none";
  resolved.recompute = to_string(plan.recompute);
  resolved.micro_batch = scenario.training.micro_batch;
  resolved.micro_batches = plan.micro_batches;
  return resolved;
}

SweepRow row_of(const Scenario& scenario) {
  SweepRow row;
  row.gpus = scenario.cluster.gpus;
  row.gpu = scenario.cluster.gpu.name;
  row.global_batch = scenario.training.global_batch;
  row.plan = plan_of(scenario);
  row.capacity = scenario.cluster.gpu.memory_capacity;
  return row;
}

}  // namespace

SweepRow evaluate_configuration(const Scenario& scenario) {
  SweepRow row = row_of(scenario);
  const Work<Count> work = micro_batch_work(scenario);
  for (const StageMemory& stage : memory_of(scenario, work)) row.peak = std::max(row.peak, stage.total());
  row.status = row.peak <= row.capacity ? RowStatus::Fits : RowStatus::TooLarge;
  if (row.status == RowStatus::TooLarge) return row;
  const BuiltStep step = build_step(scenario, work);
  const Timeline timeline = simulate(step.graph);
  row.iteration_time = timeline.makespan;
  row.mfu = summarize(scenario, work, step, timeline).mfu;
  return row;
}

}  // namespace mfusim
