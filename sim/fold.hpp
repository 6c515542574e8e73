// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace mfusim {

class FoldMemory;
class StepLibrary;

/// A step's time and what it took to find.
struct Folded {
  Picoseconds makespan{};
  std::size_t groups = 0;            ///< Passes and single kernels of the step, on all simulated ranks.
  std::size_t common_groups = 0;     ///< Of these, how many an earlier fold had in common.
  std::size_t simulated_tasks = 0;   ///< Tasks that were really simulated.
  std::int64_t periods_skipped = 0;  ///< Whole periods of the schedule that were not even written down.
  bool complete = true;              ///< False: periods were left out, and what was written down does not show how they go.
};

/// The makespan of a recorded step, to the picosecond that simulate(expand_step()) gives, with each distinct situation
/// simulated once. `slowdown`: how many times longer each rank's kernels last.
///
/// Resources belong to one rank (sim/contention.hpp) and ranks meet only in what they wait for. So what a pass does depends
/// only on its tasks and on what is under way on its rank when its first kernel starts, both on a clock that starts there:
/// equal passes in equal situations have equal outcomes, and are simulated once (sim/fold_outcome.hpp).
/// Nothing where a step cannot be cut like that (sim/fold_plan.hpp): then simulate its graph.
[[nodiscard]] std::optional<Folded> fold(const StepGraph& step, std::span<const double> slowdown);
/// The same with what earlier folds found out: `memory` must have been of this step's cluster.
[[nodiscard]] std::optional<Folded> fold(const StepGraph& step, std::span<const double> slowdown, FoldMemory& memory);

/// The same for a scenario's step. Nothing also where replicas of a rank differ, as they then wait for each other.
[[nodiscard]] std::optional<Folded> fold(const StepGraph& step, const Scenario& scenario);
[[nodiscard]] std::optional<Folded> fold(const StepGraph& step, const Scenario& scenario, FoldMemory& memory);

/// The makespan of a scenario's step, from as few of its micro-batches as show how it goes on (sim/fold_periods.hpp). Nothing
/// where fold() gives nothing.
[[nodiscard]] std::optional<Folded> fold_step(const Scenario& scenario, const Work<Count>& work);
/// The same of a pipeline step (is_pipeline_step, sim/build_step.hpp) whose layers cost what those of the library cost
/// (StepLibrary::holds).
[[nodiscard]] std::optional<Folded> fold_step(const Scenario& scenario, StepLibrary& library);

}  // namespace mfusim
