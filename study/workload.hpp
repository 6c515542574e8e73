// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/input_distribution.hpp"
#include "study/reallocation.hpp"
#include "study/split.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// Iterations with the same inputs.
struct WorkloadPhase {
  std::int64_t iterations = 1;
  std::int64_t image_size = 0;
  std::int64_t text_length = 0;
};

/// The inputs of a whole run: phase after phase, or drawn from a distribution.
struct Workload {
  std::vector<WorkloadPhase> phases;
  std::optional<InputDistribution> distribution = std::nullopt;  ///< Instead of phases.
  Seconds rebuild{};  ///< At each reallocation: new communicators, loaders and allocations.
  std::optional<std::int64_t> reallocate_every = std::nullopt;  ///< Iterations; the best of a few where it is not given.

  [[nodiscard]] bool given() const { return !phases.empty() || distribution; }
};

/// Reads the `workload` section of a scenario's file, or of one that it builds on; no phases where there is none.
/// `trace:` names a CSV file beside the scenario instead of phases: rows iterations,image_size,text_length; `distribution:` has
/// samples that differ, see read_distribution.
/// Throws InputError where a phase has no iterations, a size is not positive, or the model cannot take it.
[[nodiscard]] Workload load_workload(const std::filesystem::path& path, const Settings& settings, const Scenario& scenario);

struct PhaseSplit {
  WorkloadPhase phase;
  SplitPoint best;  ///< Disjoint, for this phase alone.
  Seconds colocated{};
  Seconds static_split{};       ///< A step under the one split for the whole run.
  Seconds reallocation{};       ///< To come to `best` from the phase before; zero for the first.
  std::int64_t break_even = 0;  ///< Iterations after which coming here from the static split pays; 0: it does not.
};

/// What was drawn from a distribution.
struct DrawnInputs {
  std::int64_t iterations = 0;
  double sample_variation = 0;   ///< Coefficient of variation of one sample's work.
  double deviation_percent = 0;  ///< Of the drawn batches' work; close to WorkloadReport::noise_percent.
};

struct WorkloadReport {
  int static_vision_gpus = 0;
  int static_text_gpus = 0;
  std::vector<PhaseSplit> phases;  ///< None where the inputs were drawn.
  std::optional<DrawnInputs> drawn;
  std::vector<PolicyTime> policies;
  double noise_percent = 0;  ///< Relative deviation of a batch's work from chance alone: CV / sqrt(global batch).
  std::string answer;        ///< One sentence.
};

/// Time to move from one split to another: each GPU that changes its tower receives that tower's state (weights, master copy and
/// moments by the stack and the optimizer, its ZeRO share of them) over its share of the node's NICs, or NVLink on one node, all
/// at once; then `rebuild`. Zero where nothing changes. Assumption: the pipeline between steps is empty, so draining costs
/// nothing.
[[nodiscard]] Seconds reallocation_time(const Scenario& from, const Scenario& to, Seconds rebuild);

/// One sentence: the policy with the least total time, and what chance alone does to a batch.
[[nodiscard]] std::string workload_answer(const WorkloadReport& report);

/// The policies: colocated; one static split, the one with the least total time among the phases' best; the best split of each
/// phase with reallocation between them; reallocation every so many iterations, which sees no phases; the static split with
/// micro-batches that adapt, see rebalanced_step; GPUs that keep both towers
/// ("swing": no state moves, only `rebuild`; their memory and their part in both gradient reductions are not modelled, so this is
/// a lower bound).
[[nodiscard]] WorkloadReport split_workload(const Scenario& scenario, const Workload& workload, const SplitRules& rules = {});

}  // namespace mfusim
