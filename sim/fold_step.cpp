// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/context_parallel.hpp"
#include "sim/fold.hpp"
#include "sim/fold_memory.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/step_library.hpp"
#include "sim/variation.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// How many of a pipeline's micro-batches to write down first: enough for the warm-up, one period and the flush, and for some
/// periods in which delays of the beginning wear off. Fewer than all by whole rounds of the stages, as states may recur only
/// after a micro-batch has gone down the pipeline and up again.
std::int64_t micro_batches_to_try(const ParallelPlan& plan) {
  const std::int64_t stages = plan.pipeline;
  const ScheduleKind& kind = schedule_kind(plan.schedule);
  const std::int64_t rounds = kind.splits_backward ? 6 : kind.in_rounds ? 3 : 2;
  return rounds * stages + plan.micro_batches % stages;
}

/// Whether passes repeat on every rank: not under GPipe.
bool repeats(const StepRecord& record) {
  return std::all_of(record.repetitions.begin(), record.repetitions.end(),
                     [](const StepRecord::Repetition& passes) { return passes.period > 0; });
}

std::optional<Folded> fold_pipeline(const Scenario& scenario, StepLibrary& library) {
  const ParallelPlan& plan = scenario.parallel;
  const bool made_to_measure =
      schedule_kind(plan.schedule).measured_order != nullptr;  // fewer micro-batches may be ordered otherwise
  const std::int64_t worth_it = plan.micro_batches * 3 / 4;
  for (std::int64_t tried = micro_batches_to_try(plan); !made_to_measure && tried <= worth_it;
       tried += tried / plan.pipeline * plan.pipeline) {
    const StepGraph step = build_pipeline_step(scenario, library, tried);
    if (!repeats(step.record())) break;
    const std::optional<Folded> folded = fold(step, scenario, library.folds());
    if (!folded || folded->complete) return folded;
  }
  return fold(build_pipeline_step(scenario, library, plan.micro_batches), scenario, library.folds());
}

}  // namespace

std::optional<Folded> fold(const StepGraph& step, const Scenario& scenario, FoldMemory& memory) {
  if (scenario.variation && scenario.variation->jitter) return std::nullopt;  // no two passes are alike
  const std::vector<ReplicaClass> classes = replica_classes(scenario);
  if (classes.size() != 1) return std::nullopt;
  if (!scenario.variation) return fold(step, std::vector<double>(static_cast<std::size_t>(step.ranks()), 1.0), memory);
  return fold(step, classes.front().slowdown, memory);
}

std::optional<Folded> fold(const StepGraph& step, const Scenario& scenario) {
  FoldMemory memory(step.contention());
  return fold(step, scenario, memory);
}

std::optional<Folded> fold_step(const Scenario& scenario, const Work<Count>& work) {
  if (!is_pipeline_step(scenario, work)) return fold(record_step(scenario, work), scenario);
  StepLibrary library(scenario, context_share(work, scenario.parallel.context));
  return fold_pipeline(scenario, library);
}

std::optional<Folded> fold_step(const Scenario& scenario, StepLibrary& library) {
  return fold_pipeline(scenario, library);
}

}  // namespace mfusim
