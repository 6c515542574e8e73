// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

namespace mfusim {

class StepLibrary;

/// The work of one micro-batch of one data-parallel rank, before tensor and context parallelism cut it; each tower's own
/// micro-batch where they differ. `head` is the loss of all micro-batches of a rank at once: one part where towers share GPUs,
/// otherwise one for the ranks of each tower.
[[nodiscard]] Work<Count> micro_batch_work(const Scenario& scenario);

/// One training step as a task graph. Ranks that cannot differ are one: the ranks of a tensor or context group, and
/// data-parallel replicas. So a job has as many simulated ranks as pipeline stages; where ranks vary, as many for each class of
/// replicas that differ (sim/variation.hpp). Towers with GPUs of their own have ranks of their own (simulated_ranks,
/// sim/towers.hpp).
[[nodiscard]] BuiltStep build_step(const Scenario& scenario, const Work<Count>& work);

/// The same before its segments are expanded and before ranks vary.
[[nodiscard]] StepGraph record_step(const Scenario& scenario, const Work<Count>& whole);
/// The same of a pipeline with only the first `micro_batches` of its micro-batches written down, fewer by whole periods of its
/// schedule (sim/pipeline_schedule.hpp): for fold() to continue.
[[nodiscard]] StepGraph record_shorter_step(const Scenario& scenario, const Work<Count>& whole, std::int64_t micro_batches);
/// Whether a step is of the kind behind both: all but those of two towers and of fully sharded layers.
[[nodiscard]] bool is_pipeline_step(const Scenario& scenario, const Work<Count>& work);
/// The kinds of step behind record_step; `work` is what one context rank does of it (context_share, sim/context_parallel.hpp).
[[nodiscard]] StepGraph build_pipeline_step(const Scenario& scenario, Work<Count> work, std::int64_t micro_batches);
/// The same with what the library holds: it must hold the scenario, and outlive the step.
[[nodiscard]] StepGraph build_pipeline_step(const Scenario& scenario, StepLibrary& library, std::int64_t micro_batches);
[[nodiscard]] StepGraph build_fully_sharded_step(const Scenario& scenario, const Work<Count>& work);
/// The same with fewer micro-batches, and where the tasks of each begin; the last one: those of the update.
struct ShorterStep {
  StepGraph step;
  std::vector<TaskId> first_tasks;
};
[[nodiscard]] ShorterStep build_fully_sharded_step(const Scenario& scenario, const Work<Count>& work, std::int64_t micro_batches);
/// Whether a step is of this kind.
[[nodiscard]] bool is_fully_sharded_step(const Scenario& scenario, const Work<Count>& work);
[[nodiscard]] StepGraph build_contrastive_step(const Scenario& scenario, const Work<Count>& work);
[[nodiscard]] StepGraph build_pipelined_contrastive_step(const Scenario& scenario, const Work<Count>& work);

/// The order of passes on each pipeline stage; schedules that are made to measure price the passes first. `work` as above.
[[nodiscard]] std::vector<std::vector<Slot>> pipeline_slots(const Scenario& scenario, const Work<Count>& work);

/// Ends a rank's step: gradient reductions -> copies of gradients -> gradient norm over the whole job -> optimizer (while the
/// host launches its kernels) -> gather of the new weights.
struct RankUpdate {
  int rank = 0;
  double parameters = 0;            ///< Trainable ones of the rank.
  double tensors = 0;               ///< That hold them.
  std::vector<StepTask> gradients;  ///< What its update waits for.
  const Scenario* view = nullptr;   ///< Whose plan shares its state, where a tower has one of its own; null: the job's.
};
void add_update(const Scenario& scenario, StepGraph& graph, const std::vector<RankUpdate>& ranks);

}  // namespace mfusim
