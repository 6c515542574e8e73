// SPDX-License-Identifier: Apache-2.0
#include "study/workload.hpp"

#include "base/document.hpp"
#include "base/reader.hpp"
#include "model/input_shape.hpp"
#include "sim/build_step.hpp"
#include "sim/check_plan.hpp"
#include "sim/memory.hpp"
#include "sim/towers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mfusim {
namespace {

constexpr const char* default_rebuild =
    "30 s";  // Assumption: minutes to tenths of a second are reported; nobody measured it apart

WorkloadPhase read_phase(Reader& reader, const Scenario& scenario) {
  WorkloadPhase phase;
  phase.iterations = checked_size(reader, "iterations", reader.positive_int("iterations"));
  phase.image_size = checked_size(reader, "image_size", reader.positive_int("image_size", *scenario.training.image_size));
  phase.text_length = checked_size(reader, "text_length", reader.positive_int("text_length", *scenario.training.sequence_length));
  Training training = scenario.training;
  training.image_size = phase.image_size;
  training.sequence_length = phase.text_length;
  complete_lengths(reader, scenario.model, training);
  reader.reject_unknown_keys();
  return phase;
}

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

/// The phases' step times under one split.
std::vector<Seconds> under_split(const Scenario& scenario, const std::vector<PhaseSplit>& phases, const SplitPoint& split) {
  std::vector<Seconds> times;
  times.reserve(phases.size());
  for (const PhaseSplit& phase : phases)
    times.push_back(split_point(with_split(in_phase(scenario, phase.phase), split.vision_gpus, split.text_gpus)).step_time);
  return times;
}

/// Of the phases' best splits, the one with the least total time for the whole run.
void choose_static(const Scenario& scenario, WorkloadReport& report) {
  Seconds least = Seconds::max();
  for (const PhaseSplit& candidate : report.phases) {
    const std::vector<Seconds> times = under_split(scenario, report.phases, candidate.best);
    Seconds sum{};
    for (std::size_t i = 0; i < times.size(); ++i) sum += static_cast<double>(report.phases[i].phase.iterations) * times[i];
    if (sum >= least) continue;
    least = sum;
    report.static_vision_gpus = candidate.best.vision_gpus;
    report.static_text_gpus = candidate.best.text_gpus;
    for (std::size_t i = 0; i < times.size(); ++i) report.phases[i].static_split = times[i];
  }
}

void add_reallocations(const Scenario& scenario, Seconds rebuild, WorkloadReport& report) {
  const auto apart = [&](const PhaseSplit& phase, int vision, int text) {
    return with_split(in_phase(scenario, phase.phase), vision, text);
  };
  for (std::size_t i = 0; i < report.phases.size(); ++i) {
    PhaseSplit& phase = report.phases[i];
    const Scenario here = apart(phase, phase.best.vision_gpus, phase.best.text_gpus);
    if (i > 0) {
      const SplitPoint& before = report.phases[i - 1].best;
      phase.reallocation = reallocation_time(apart(phase, before.vision_gpus, before.text_gpus), here, rebuild);
    }
    const Seconds saved = phase.static_split - phase.best.step_time;
    const Seconds cost = reallocation_time(apart(phase, report.static_vision_gpus, report.static_text_gpus), here, rebuild);
    if (saved > Seconds{}) phase.break_even = static_cast<std::int64_t>(std::ceil(cost / saved));
  }
}

void add_policies(Seconds rebuild, WorkloadReport& report) {
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
                     {"swing GPUs that keep both towers", best_steps + rebuilt, rebuilt, moves}};
}

std::string answer_of(const WorkloadReport& report) {
  const PolicyTime& best = *std::min_element(report.policies.begin(), report.policies.end(),
                                             [](const auto& a, const auto& b) { return a.total < b.total; });
  const double above = 100 * (report.policies[1].total / best.total - 1);
  return fmt::format(
      "The least total time is that of '{}' ({:.4g} h; a static split takes {:.1f} % more); from one iteration to the next the "
      "work of "
      "a batch varies by about {:.2g} % only, so reallocate where the inputs drift, not at every iteration.",
      best.policy, best.total.count() / 3600, above, report.noise_percent);
}

}  // namespace

Workload load_workload(const std::filesystem::path& path, const Settings& settings, const Scenario& scenario) {
  Node document = load_document(path);
  for (const auto& [key, value] : settings) set_value(document, key, value);
  Reader root(document, "", nullptr);
  Workload workload;
  std::optional<Reader> reader = root.child_if("workload");
  if (!reader) return workload;
  workload.rebuild = reader->quantity<Seconds>("rebuild", default_rebuild);
  if (workload.rebuild < Seconds{}) reader->fail("rebuild", "expected a time that is not negative");
  for (Reader& phase : reader->list_of_mappings("phases")) workload.phases.push_back(read_phase(phase, scenario));
  if (workload.phases.empty()) reader->fail("phases", "expected at least one phase, got an empty list");
  reader->reject_unknown_keys();
  return workload;
}

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

WorkloadReport split_workload(const Scenario& scenario, const Workload& workload, const SplitRules& rules) {
  WorkloadReport report;
  for (const WorkloadPhase& phase : workload.phases) {
    const Scenario here = in_phase(scenario, phase);
    PhaseSplit split;
    split.phase = phase;
    split.best = best_split(here, rules);
    split.colocated = split_point(with_colocated(here)).step_time;
    report.phases.push_back(split);
  }
  // Assumption: a sample's work varies as widely as that of image-text data with mixed sizes, CV 0.6; a batch's by CV / sqrt(B)
  constexpr double variation_of_a_sample = 0.6;
  report.noise_percent = 100 * variation_of_a_sample / std::sqrt(static_cast<double>(scenario.training.global_batch));
  choose_static(scenario, report);
  add_reallocations(scenario, workload.rebuild, report);
  add_policies(workload.rebuild, report);
  report.answer = answer_of(report);
  return report;
}

}  // namespace mfusim
