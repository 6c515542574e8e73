// SPDX-License-Identifier: Apache-2.0
#include "study/split.hpp"

#include "base/input_error.hpp"
#include "sim/build_step.hpp"
#include "sim/step_flops.hpp"
#include "sim/summarize.hpp"
#include "sim/towers.hpp"
#include "study/split_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace mfusim {
namespace {

void refuse(const std::optional<SplitFault>& fault) {
  if (!fault) return;
  const std::string section = fault->section.empty() ? "" : fault->section + ".";
  throw InputError(fmt::format("{}{}: {}", section, fault->key, fault->rule));
}

/// Simulates disjoint splits of one scenario, each once.
class Splits {
 public:
  Splits(const Scenario& scenario, const SplitRules& rules) : scenario_(scenario), vision_gpus_(splits_within(scenario, rules)) {
    refuse(split_fault(scenario, rules));
  }

  [[nodiscard]] int count() const { return static_cast<int>(vision_gpus_.size()); }
  [[nodiscard]] const std::vector<int>& vision_gpus() const { return vision_gpus_; }
  const SplitPoint& at(int index) {
    const int vision = vision_gpus_[static_cast<std::size_t>(index)];
    const auto [found, fresh] = points_.try_emplace(vision);
    if (fresh) found->second = split_point(with_split(scenario_, vision, scenario_.cluster.gpus - vision));
    return found->second;
  }

  /// Bisection on T_v(n_v) = T_t(N - n_v): the tower that waits less is the one that needs GPUs. Then the neighbours, until
  /// two more on either side do not help.
  SplitPoint equal_time() {
    int low = 0;
    int high = count() - 1;
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      (at(middle).vision_idle < at(middle).text_idle ? low : high) = middle;
    }
    constexpr int neighbours = 2;
    int best = low;
    for (int i = low; i <= std::min(count() - 1, std::max(best, high) + neighbours); ++i) {
      if (better(at(i), at(best))) best = i;
    }
    for (int i = low; i >= std::max(0, std::min(best, low) - neighbours); --i) {
      if (better(at(i), at(best))) best = i;
    }
    return at(best);
  }

  /// The best of all splits where there are few, otherwise what the equal-time rule finds.
  SplitPoint fastest() {
    constexpr int few = 31;  // of 32 GPUs
    if (count() > few) return equal_time();
    int best = 0;
    for (int i = 1; i < count(); ++i) {
      if (better(at(i), at(best))) best = i;
    }
    return at(best);
  }

  /// All splits, or `most` of them evenly spread.
  void check(int most) {
    const int step = std::max(1, (count() + most - 1) / most);
    for (int i = 0; i < count(); i += step) static_cast<void>(at(i));
    static_cast<void>(at(count() - 1));
  }
  [[nodiscard]] std::vector<SplitPoint> simulated() const {
    std::vector<SplitPoint> points;
    points.reserve(points_.size());
    for (const auto& [vision, point] : points_) points.push_back(point);
    return points;
  }

 private:
  const Scenario& scenario_;
  std::vector<int> vision_gpus_;
  std::map<int, SplitPoint> points_;
};

/// Both towers on all GPUs by grids of their own: every pair of tensor sizes that model, node and batch allow.
std::optional<SplitPoint> best_two_grid(const Scenario& scenario) {
  std::optional<SplitPoint> best;
  if (shards_parameters(scenario.parallel)) return best;
  const auto suits = [&](int tensor) {
    const std::vector<SplitSize> sizes = tensor_split_sizes(scenario.model);
    return scenario.cluster.gpus_per_node % tensor == 0 && scenario.cluster.gpus % tensor == 0 &&
           scenario.training.global_batch % (scenario.cluster.gpus / tensor) == 0 &&
           std::all_of(sizes.begin(), sizes.end(), [&](const SplitSize& size) { return size.value % tensor == 0; });
  };
  for (int vision = 1; vision <= scenario.cluster.gpus_per_node; vision *= 2) {
    for (int text = 1; text <= scenario.cluster.gpus_per_node; text *= 2) {
      if (vision == text || !suits(vision) || !suits(text)) continue;  // equal grids: colocated
      Scenario grids = with_colocated(scenario);
      grids.placement = TowerPlacement::TwoGrid;
      for (const int tensor : {vision, text}) {
        ParallelPlan plan = grids.parallel;
        plan.tensor = tensor;
        grids.tower_plans.push_back(whole_batch_plan(plan, scenario.cluster.gpus, scenario.training.global_batch));
      }
      const SplitPoint point = split_point(grids);
      if (!best || better(point, *best)) best = point;
    }
  }
  return best;
}

/// The same samples a GPU on another number of GPUs; nothing where they are not whole.
std::optional<Scenario> at_scale(const Scenario& scenario, int gpus) {
  Scenario other = scenario;
  const int tensor = scenario.parallel.tensor;
  const std::int64_t samples = scenario.training.global_batch * gpus;
  const bool nodes = gpus <= scenario.node_gpus || gpus % scenario.node_gpus == 0;
  if (samples % scenario.cluster.gpus != 0 || !nodes || gpus < 2 * tensor || gpus % tensor != 0) return std::nullopt;
  if (gpus > scenario.node_gpus && scenario.cluster.network.name.empty()) return std::nullopt;
  other.cluster.gpus = gpus;
  other.cluster.gpus_per_node = std::min(gpus, scenario.node_gpus);
  other.training.global_batch = samples / scenario.cluster.gpus;
  other.parallel.data = gpus / tensor;
  other.parallel.shard_group = other.parallel.data;
  return other;
}

std::vector<SplitScale> scales_of(const Scenario& scenario, const SplitRules& rules) {
  std::vector<SplitScale> scales;
  constexpr int most_gpus = 4096;
  for (int gpus = 8; gpus <= most_gpus; gpus *= 2) {
    const std::optional<Scenario> other = at_scale(scenario, gpus);
    if (!other) continue;
    if (rules.nodes == SplitRules::Nodes::Whole && gpus < 2 * scenario.node_gpus) continue;
    if (rules.batch == SplitRules::Batch::Divides) continue;
    scales.push_back({gpus, split_point(with_colocated(*other)).step_time, Splits(*other, rules).fastest()});
  }
  return scales;
}

std::optional<int> first_ahead(const std::vector<SplitScale>& scales) {
  std::optional<int> from;
  for (auto scale = scales.rbegin(); scale != scales.rend(); ++scale) {
    if (scale->disjoint.step_time >= scale->colocated) break;
    from = scale->gpus;
  }
  return from;
}

/// Images with so many times the patches, to the nearest side that patches divide.
Scenario with_image_tokens(const Scenario& scenario, double factor) {
  Scenario other = scenario;
  const std::int64_t patch = scenario.model.vision->patch_size.value();
  const double side = static_cast<double>(*scenario.training.image_size) * std::sqrt(factor);
  other.training.image_size = patch * std::max<std::int64_t>(1, std::llround(side / static_cast<double>(patch)));
  return other;
}

/// Longer texts need longer position tables: the model gets them.
Scenario with_text_tokens(const Scenario& scenario, double factor) {
  Scenario other = scenario;
  const double length = static_cast<double>(*scenario.training.sequence_length);
  other.training.sequence_length = std::max<std::int64_t>(1, std::llround(factor * length));
  TextSpec<Count>& text = *other.model.text;
  text.positions = std::max(text.positions.value(), *other.training.sequence_length);
  return other;
}

std::vector<SplitSensitivity> sensitivity_of(const Scenario& scenario, const SplitRules& rules, const SplitPoint& best) {
  const std::vector<std::pair<std::string, Scenario>> changed{{"image tokens -20 %", with_image_tokens(scenario, 0.8)},
                                                              {"image tokens +20 %", with_image_tokens(scenario, 1.2)},
                                                              {"text length -20 %", with_text_tokens(scenario, 0.8)},
                                                              {"text length +20 %", with_text_tokens(scenario, 1.2)}};
  std::vector<SplitSensitivity> rows;
  rows.reserve(changed.size());
  for (const auto& [change, other] : changed) {
    rows.push_back({change, Splits(other, rules).fastest(),
                    split_point(with_split(other, best.vision_gpus, best.text_gpus)).step_time,
                    split_point(with_colocated(other)).step_time});
  }
  return rows;
}

}  // namespace

std::vector<int> admissible_vision_gpus(const Scenario& scenario, const SplitRules& rules) {
  return Splits(scenario, rules).vision_gpus();
}

SplitPoint best_split(const Scenario& scenario, const SplitRules& rules) {
  return Splits(scenario, rules).fastest();
}

SplitReport split_towers(const Scenario& scenario, const SplitRules& rules) {
  SplitReport report;
  report.scenario = scenario.name;
  report.model = scenario.model.name;
  report.gpu = scenario.cluster.gpu.name;
  report.gpus = scenario.cluster.gpus;
  report.global_batch = scenario.training.global_batch;
  Splits splits(scenario, rules);
  report.admissible = splits.count();
  report.colocated = split_point(with_colocated(scenario));
  report.equal_time = splits.equal_time();
  splits.check(most_in_curve);
  report.curve = splits.simulated();
  report.best_disjoint = *std::min_element(report.curve.begin(), report.curve.end(), better);
  report.placements = {report.colocated};
  if (!shards_parameters(scenario.parallel))
    report.placements.push_back(split_point(with_colocated(scenario, TowerPlacement::TwoStreams)));
  if (const auto grids = best_two_grid(scenario)) report.placements.push_back(*grids);
  report.placements.push_back(report.best_disjoint);
  const Scenario apart = with_split(scenario, report.best_disjoint.vision_gpus, report.best_disjoint.text_gpus);
  const std::vector<Flops> work = tower_flops(apart, micro_batch_work(apart));
  report.work_ratio = work[0] / work[1];
  report.ideal_text_gpus = report.gpus / (1 + report.work_ratio);
  report.scales = scales_of(scenario, rules);
  report.beats_colocated_from = first_ahead(report.scales);
  report.sensitivity = sensitivity_of(scenario, rules, report.best_disjoint);
  report.recommendation = recommendation_of(report);
  report.note = note_on_micro_batch(scenario, report.colocated);
  return report;
}

}  // namespace mfusim
