// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result.hpp"
#include "sim/scenario.hpp"
#include "study/split_rules.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// One way to run the two towers, simulated as `mfusim run` would.
struct SplitPoint {
  TowerPlacement placement = TowerPlacement::Colocated;
  int vision_gpus = 0;
  int text_gpus = 0;
  int vision_tensor = 1;
  int text_tensor = 1;
  Recompute vision_recompute = Recompute::None;
  Recompute text_recompute = Recompute::None;
  std::int64_t vision_passes = 1;  ///< In which a rank takes its share of the batch.
  std::int64_t text_passes = 1;
  Seconds step_time{};
  double mfu = 0;
  double vision_idle = 0;  ///< Share of the step in which the tower's GPUs do nothing; disjoint only.
  double text_idle = 0;
  double integer_loss = 0;  ///< Disjoint: what whole GPUs cost at equal efficiency, see integer_loss().
  Bytes headroom;           ///< Capacity - peak of the fullest GPU; negative where it does not fit.
  bool fits = false;
  Seconds exposed_reduction{};  ///< Of the critical rank.
};

/// T / T_ideal - 1 of a disjoint split at equal kernel efficiency: max(W_v / n_v, W_t / n_t) / ((W_v + W_t) / (n_v + n_t)) - 1.
/// W: FLOPs of the towers. Never negative; 0 only at the exact proportion.
[[nodiscard]] double integer_loss(double vision_work, double text_work, int vision_gpus, int text_gpus);

/// The best split for inputs that differ from the scenario's, and what keeping the scenario's best split costs there.
struct SplitSensitivity {
  std::string change;    ///< "image tokens +20 %"
  SplitPoint best;       ///< Disjoint.
  Seconds kept_split{};  ///< Step time of the scenario's best split.
  Seconds colocated{};
};

/// Colocated against the best disjoint split on another number of GPUs, at the same samples a GPU.
struct SplitScale {
  int gpus = 0;
  Seconds colocated{};
  SplitPoint disjoint;
};

struct SplitReport {
  std::string scenario, model, gpu;
  int gpus = 0;
  std::int64_t global_batch = 0;
  double work_ratio = 0;               ///< Vision to text, in FLOPs.
  double ideal_text_gpus = 0;          ///< N W_t / (W_v + W_t).
  SplitPoint colocated;                ///< The baseline of every answer.
  std::vector<SplitPoint> placements;  ///< The best of each placement, colocated first.
  std::vector<SplitPoint> curve;       ///< Disjoint splits by vision GPUs: every admissible one up to `most_in_curve`.
  int admissible = 0;                  ///< Disjoint splits that keep the rules.
  SplitPoint equal_time;               ///< What the equal-time rule finds.
  SplitPoint best_disjoint;            ///< The fastest of all that were simulated; one that fits before one that does not.
  std::vector<SplitScale> scales;
  std::optional<int> beats_colocated_from;  ///< Smallest N of `scales` from which on the split stays ahead.
  std::vector<SplitSensitivity> sensitivity;
  std::string recommendation;  ///< One sentence with its reason.
  std::string note;            ///< What the scenario says and a split does not read; empty: nothing.
};
constexpr int most_in_curve = 128;

/// Simulates the towers of `scenario` (two towers; its own placement does not matter) in every placement.
/// A tower takes the plan of the `parallel` section; where that does not fit into memory, with full recomputation, then with
/// larger tensor groups, then with full recomputation in two, four, .. passes over cached features (or the next number that deals
/// the share evenly; with ZeRO-3 in one alone); so does the colocated baseline. Each rank takes its share of the batch in as few
/// passes as fit: training.micro_batch is not read, which the answer says. The equal-time rule: the split at which neither tower
/// waits for the other, found by bisection on the simulated idle times, then its neighbours. Where there are more than
/// `most_in_curve` admissible splits the check simulates that many, evenly spread, besides. Throws InputError where the model has
/// not two towers, where there are fewer GPUs than two smallest plans, or where no split keeps the rules.
[[nodiscard]] SplitReport split_towers(const Scenario& scenario, const SplitRules& rules = {});

/// The best disjoint split: of all up to 32 GPUs, by the equal-time rule beyond. Throws as split_towers.
[[nodiscard]] SplitPoint best_split(const Scenario& scenario, const SplitRules& rules = {});

/// The vision tower's GPUs in every disjoint split that keeps the rules, ascending. Throws as split_towers.
[[nodiscard]] std::vector<int> admissible_vision_gpus(const Scenario& scenario, const SplitRules& rules = {});

/// The scenario with its towers apart on so many GPUs, by the plans that split_towers would choose. Both counts are admissible.
[[nodiscard]] Scenario with_split(const Scenario& scenario, int vision_gpus, int text_gpus);

/// The scenario with both towers on every GPU.
[[nodiscard]] Scenario with_colocated(const Scenario& scenario, TowerPlacement placement = TowerPlacement::Colocated);

/// Simulates a scenario as one point of the report.
[[nodiscard]] SplitPoint split_point(const Scenario& scenario);

}  // namespace mfusim
