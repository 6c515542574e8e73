// SPDX-License-Identifier: Apache-2.0
#include "study/workload.hpp"

#include "sim/build_step.hpp"
#include "sim/memory.hpp"
#include "sim/towers.hpp"
#include "study/mixed_workload.hpp"
#include "study/rebalancing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

namespace mfusim {
namespace {

Scenario in_phase(const Scenario& scenario, const WorkloadPhase& phase) {
  Scenario other = scenario;
  other.training.image_size = phase.image_size;
  other.training.sequence_length = phase.text_length;
  return other;
}

/// State that a GPU of a tower holds between steps: weights and optimizer.
Bytes resident_state(const Scenario& apart, std::size_t tower) {
  Bytes state;
  const std::vector<StageMemory> stages = memory_of(apart, micro_batch_work(apart));
  for (const auto& [name, bytes] : stages[tower].parts) {
    if (name == "weights" || name == "optimizer") state += bytes;
  }
  return state;
}

Seconds total(const std::vector<PhaseSplit>& phases, Seconds PhaseSplit::*step) {
  Seconds sum{};
  for (const PhaseSplit& phase : phases) sum += static_cast<double>(phase.phase.iterations) * (phase.*step);
  return sum;
}

using Inputs = std::pair<std::int64_t, std::int64_t>;
Inputs inputs_of(const WorkloadPhase& phase) {
  return {phase.image_size, phase.text_length};
}

/// The phases' step times under one split; phases with the same inputs are simulated once.
std::vector<Seconds> under_split(const Scenario& scenario, const std::vector<PhaseSplit>& phases, int vision_gpus) {
  std::vector<Seconds> times;
  times.reserve(phases.size());
  std::map<Inputs, Seconds> known;
  for (const PhaseSplit& phase : phases) {
    const auto [at, fresh] = known.try_emplace(inputs_of(phase.phase));
    if (fresh)
      at->second =
          split_point(with_split(in_phase(scenario, phase.phase), vision_gpus, scenario.cluster.gpus - vision_gpus)).step_time;
    times.push_back(at->second);
  }
  return times;
}

/// The splits that a run may keep: from the lowest to the highest that is a phase's best, evenly spread where they are many, and
/// those themselves, which come first.
std::vector<int> candidate_splits(const Scenario& scenario, const std::vector<PhaseSplit>& phases, const SplitRules& rules) {
  std::vector<int> candidates;
  const auto add = [&](int vision) {
    if (std::find(candidates.begin(), candidates.end(), vision) == candidates.end()) candidates.push_back(vision);
  };
  for (const PhaseSplit& phase : phases) add(phase.best.vision_gpus);
  const auto [lowest, highest] = std::minmax_element(candidates.begin(), candidates.end());
  std::vector<int> between = admissible_vision_gpus(scenario, rules);
  std::erase_if(between, [low = *lowest, high = *highest](int vision) { return vision < low || vision > high; });
  constexpr std::size_t most = 17;
  const std::size_t stride = (between.size() + most - 1) / most;
  for (std::size_t i = 0; i < between.size(); i += stride) add(between[i]);
  return candidates;
}

/// Splits, and what every phase costs under each of them.
struct Candidates {
  std::vector<int> vision_gpus;
  SplitCosts costs;
};

Candidates candidates_of(const Scenario& scenario, const std::vector<PhaseSplit>& phases, const SplitRules& rules) {
  Candidates candidates{.vision_gpus = candidate_splits(scenario, phases, rules), .costs = {}};
  for (const PhaseSplit& phase : phases) candidates.costs.iterations.push_back(phase.phase.iterations);
  for (const int vision : candidates.vision_gpus) candidates.costs.step.push_back(under_split(scenario, phases, vision));
  return candidates;
}

/// The candidate with the least total time for the whole run.
void choose_static(const Candidates& candidates, int gpus, WorkloadReport& report) {
  const std::size_t best = best_static(candidates.costs).first;
  report.static_vision_gpus = candidates.vision_gpus[best];
  report.static_text_gpus = gpus - report.static_vision_gpus;
  for (std::size_t i = 0; i < report.phases.size(); ++i) report.phases[i].static_split = candidates.costs.step[best][i];
}

/// Reallocation that sees no phases. Its moves are costed at the first phase's inputs: weights and optimizer do not depend on
/// them.
PolicyTime periodic(const Scenario& scenario, const Workload& workload, const Candidates& candidates) {
  const Scenario here = in_phase(scenario, workload.phases.front());
  std::map<std::pair<std::size_t, std::size_t>, Seconds> known;
  const auto at_split = [&](std::size_t candidate) {
    const int vision = candidates.vision_gpus[candidate];
    return with_split(here, vision, here.cluster.gpus - vision);
  };
  return best_interval(candidates.costs, workload.reallocate_every, [&](std::size_t from, std::size_t to) {
    const auto [at, fresh] = known.try_emplace({from, to});
    if (fresh) at->second = reallocation_time(at_split(from), at_split(to), workload.rebuild);
    return at->second;
  });
}

void add_reallocations(const Scenario& scenario, Seconds rebuild, WorkloadReport& report) {
  std::map<std::tuple<Inputs, int, int>, Seconds> known;
  const auto move = [&](const PhaseSplit& phase, int vision_before) {
    const auto [at, fresh] = known.try_emplace({inputs_of(phase.phase), vision_before, phase.best.vision_gpus});
    if (!fresh) return at->second;
    const Scenario here = in_phase(scenario, phase.phase);
    at->second = reallocation_time(with_split(here, vision_before, here.cluster.gpus - vision_before),
                                   with_split(here, phase.best.vision_gpus, phase.best.text_gpus), rebuild);
    return at->second;
  };
  for (std::size_t i = 0; i < report.phases.size(); ++i) {
    PhaseSplit& phase = report.phases[i];
    if (i > 0) phase.reallocation = move(phase, report.phases[i - 1].best.vision_gpus);
    const Seconds saved = phase.static_split - phase.best.step_time;
    if (saved > Seconds{})
      phase.break_even = static_cast<std::int64_t>(std::ceil(move(phase, report.static_vision_gpus) / saved));
  }
}

/// The static split with micro-batches that adapt to each phase.
PolicyTime rebalanced(const Scenario& scenario, const WorkloadReport& report) {
  PolicyTime policy{.policy = "rebalancing by micro-batch only"};
  std::map<Inputs, Seconds> known;
  for (const PhaseSplit& phase : report.phases) {
    const auto [at, fresh] = known.try_emplace(inputs_of(phase.phase));
    if (fresh) at->second = rebalanced_step(in_phase(scenario, phase.phase), report.static_vision_gpus, report.static_text_gpus);
    policy.total += static_cast<double>(phase.phase.iterations) * at->second;
  }
  return policy;
}

void add_policies(Seconds rebuild, PolicyTime periodic, WorkloadReport& report) {
  Seconds moved{};
  int moves = 0;
  for (const PhaseSplit& phase : report.phases) {
    moved += phase.reallocation;
    moves += phase.reallocation > Seconds{} ? 1 : 0;
  }
  const auto best_steps = [&] {
    Seconds sum{};
    for (const PhaseSplit& phase : report.phases) sum += static_cast<double>(phase.phase.iterations) * phase.best.step_time;
    return sum;
  }();
  const Seconds rebuilt = static_cast<double>(moves) * rebuild;
  report.policies = {{"colocated", total(report.phases, &PhaseSplit::colocated), {}, 0},
                     {"static split", total(report.phases, &PhaseSplit::static_split), {}, 0},
                     {"reallocation at each phase", best_steps + moved, moved, moves},
                     std::move(periodic),
                     {"swing GPUs that keep both towers", best_steps + rebuilt, rebuilt, moves}};
}

}  // namespace

Seconds reallocation_time(const Scenario& from, const Scenario& to, Seconds rebuild) {
  const int vision_change = to.tower_plans[vision_tower_number].gpus - from.tower_plans[vision_tower_number].gpus;
  if (vision_change == 0) return {};
  const std::size_t gaining = vision_change > 0 ? vision_tower_number : text_tower_number;
  const Cluster& cluster = to.cluster;
  const bool one_node = cluster.gpus <= cluster.gpus_per_node;
  const BytesPerSecond link = one_node ? std::max(cluster.gpu.nvlink_per_direction, cluster.gpu.pcie_per_direction)
                                       : cluster.network.nic_bandwidth *
                                             (cluster.network.efficiency * cluster.network.nics_per_node / cluster.gpus_per_node);
  return rebuild + resident_state(to, gaining) / link;
}

std::string workload_answer(const WorkloadReport& report) {
  Seconds least = Seconds::max();
  for (const PolicyTime& policy : report.policies) least = std::min(least, policy.total);
  constexpr double rounding = 1e-9;  // sums of the same steps in another order: the simpler policy, which comes first
  const PolicyTime& best = *std::find_if(report.policies.begin(), report.policies.end(),
                                         [&](const PolicyTime& policy) { return policy.total <= least * (1 + rounding); });
  const double above = 100 * (report.policies[1].total / best.total - 1);
  return fmt::format(
      "The least total time is that of '{}' ({:.4g} h; a static split takes {:.1f} % more); from one iteration to the next the "
      "work of "
      "a batch varies by about {:.2g} % only, so reallocate where the inputs drift, not at every iteration.",
      best.policy, best.total.count() / 3600, above, report.noise_percent);
}

WorkloadReport split_workload(const Scenario& scenario, const Workload& workload, const SplitRules& rules) {
  if (workload.distribution) return split_mixed_workload(scenario, workload, rules);
  WorkloadReport report;
  std::map<Inputs, PhaseSplit> known;
  for (const WorkloadPhase& phase : workload.phases) {
    const auto [at, fresh] = known.try_emplace(inputs_of(phase));
    if (fresh) {
      const Scenario here = in_phase(scenario, phase);
      at->second.best = best_split(here, rules);
      at->second.colocated = split_point(with_colocated(here)).step_time;
    }
    at->second.phase = phase;
    report.phases.push_back(at->second);
  }
  // Assumption: a sample's work varies as widely as that of image-text data with mixed sizes, CV 0.6; a batch's by CV / sqrt(B)
  constexpr double variation_of_a_sample = 0.6;
  report.noise_percent = 100 * variation_of_a_sample / std::sqrt(static_cast<double>(scenario.training.global_batch));
  const Candidates candidates = candidates_of(scenario, report.phases, rules);
  choose_static(candidates, scenario.cluster.gpus, report);
  add_reallocations(scenario, workload.rebuild, report);
  add_policies(workload.rebuild, periodic(scenario, workload, candidates), report);
  report.policies.push_back(rebalanced(scenario, report));
  report.answer = workload_answer(report);
  return report;
}

}  // namespace mfusim
