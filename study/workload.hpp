// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/split.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mfusim {

/// Iterations with the same inputs.
struct WorkloadPhase {
  std::int64_t iterations = 1;
  std::int64_t image_size = 0;
  std::int64_t text_length = 0;
};

/// The inputs of a whole run, phase after phase.
struct Workload {
  std::vector<WorkloadPhase> phases;
  Seconds rebuild{};  ///< At each reallocation: new communicators, loaders and allocations.
};

/// Reads the `workload` section of a scenario's file (not of one that it builds on); no phases where there is none.
/// `trace:` names a CSV file beside the scenario instead of phases: rows iterations,image_size,text_length.
/// Throws InputError where a phase has no iterations, a size is not positive, or the model cannot take it.
[[nodiscard]] Workload load_workload(const std::filesystem::path& path, const Settings& settings, const Scenario& scenario);

/// What one policy makes of the run.
struct PolicyTime {
  std::string policy;
  Seconds total{};
  Seconds reallocation{};  ///< Part of it.
  int reallocations = 0;
};

struct PhaseSplit {
  WorkloadPhase phase;
  SplitPoint best;  ///< Disjoint, for this phase alone.
  Seconds colocated{};
  Seconds static_split{};       ///< A step under the one split for the whole run.
  Seconds reallocation{};       ///< To come to `best` from the phase before; zero for the first.
  std::int64_t break_even = 0;  ///< Iterations after which coming here from the static split pays; 0: it does not.
};

struct WorkloadReport {
  int static_vision_gpus = 0;
  int static_text_gpus = 0;
  std::vector<PhaseSplit> phases;
  std::vector<PolicyTime> policies;
  double noise_percent = 0;  ///< Relative deviation of a batch's work from chance alone.
  std::string answer;        ///< One sentence.
};

/// Time to move from one split to another: each GPU that changes its tower receives that tower's state (weights, master copy and
/// moments by the stack and the optimizer, its ZeRO share of them) over its share of the node's NICs, or NVLink on one node, all
/// at once; then `rebuild`. Zero where nothing changes. Assumption: the pipeline between steps is empty, so draining costs
/// nothing.
[[nodiscard]] Seconds reallocation_time(const Scenario& from, const Scenario& to, Seconds rebuild);

/// The policies: colocated; one static split, the one with the least total time among the phases' best; the best split of each
/// phase with reallocation between them; GPUs that keep both towers ("swing": no state moves, only
/// `rebuild`; their memory and their part in both gradient reductions are not modelled, so this is a lower bound).
[[nodiscard]] WorkloadReport split_workload(const Scenario& scenario, const Workload& workload, const SplitRules& rules = {});

}  // namespace mfusim
