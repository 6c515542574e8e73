// SPDX-License-Identifier: Apache-2.0
#include "study/mixed_workload.hpp"

#include "sim/build_step.hpp"
#include "sim/step_flops.hpp"
#include "sim/towers.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace mfusim {
namespace {

Scenario with_inputs(const Scenario& scenario, const SizeShare& image, const SizeShare& text) {
  Scenario other = scenario;
  other.training.image_size = image.size;
  other.training.sequence_length = text.size;
  return other;
}

Scenario with_largest_inputs(const Scenario& scenario, const InputDistribution& distribution) {
  return with_inputs(scenario, distribution.images.back(), distribution.texts.back());
}

/// A step of one placement at every pair of sizes, in parts.
class MixedStep {
 public:
  /// `planned`: the placement, with its plans chosen.
  MixedStep(const Scenario& planned, const InputDistribution& distribution) {
    for (const SizeShare& image : distribution.images) {
      for (const SizeShare& text : distribution.texts) add(split_point(with_inputs(planned, image, text)));
    }
  }

  struct Parts {
    Seconds vision{};
    Seconds text{};
    Seconds rest{};  ///< Both towers wait, or take turns.
    [[nodiscard]] Seconds step() const { return std::max(vision, text) + rest; }
  };
  [[nodiscard]] Parts of(const BatchShares& batch) const {
    Parts sum;
    std::size_t pair = 0;
    for (const double image : batch.images) {
      for (const double text : batch.texts) {
        const double share = image * text;
        sum.vision += share * pairs_[pair].vision;
        sum.text += share * pairs_[pair].text;
        sum.rest += share * pairs_[pair].rest;
        ++pair;
      }
    }
    return sum;
  }

 private:
  void add(const SplitPoint& point) {
    Parts parts{.rest = point.step_time};
    if (point.placement == TowerPlacement::Disjoint) {
      parts.vision = point.step_time * (1 - point.vision_idle);
      parts.text = point.step_time * (1 - point.text_idle);
      parts.rest -= std::max(parts.vision, parts.text);
    }
    pairs_.push_back(parts);
  }

  std::vector<Parts> pairs_;  // by image, then by text
};

/// The disjoint splits of a scenario under mixed batches, each simulated once.
class MixedSplits {
 public:
  MixedSplits(const Scenario& scenario, const InputDistribution& distribution, const SplitRules& rules)
      : largest_(with_largest_inputs(scenario, distribution)),
        distribution_(distribution),
        vision_gpus_(admissible_vision_gpus(scenario, rules)) {}

  [[nodiscard]] Scenario planned(std::size_t index) const {
    return with_split(largest_, vision_gpus_[index], largest_.cluster.gpus - vision_gpus_[index]);
  }
  [[nodiscard]] int vision_gpus(std::size_t index) const { return vision_gpus_[index]; }
  const MixedStep& at(std::size_t index) {
    const auto found = steps_.find(index);
    return found != steps_.end() ? found->second : steps_.emplace(index, MixedStep(planned(index), distribution_)).first->second;
  }

  /// Bisection as of the equal-time rule: the first split at which vision no longer takes longer than text.
  std::size_t balanced(const BatchShares& batch) {
    std::size_t low = 0;
    std::size_t high = vision_gpus_.size() - 1;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      const MixedStep::Parts parts = at(middle).of(batch);
      if (parts.vision > parts.text) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /// Those from `low` to `high` with two neighbours at each end; evenly spread where there are many.
  [[nodiscard]] std::vector<std::size_t> around(std::size_t low, std::size_t high) const {
    constexpr std::size_t neighbours = 2;
    constexpr std::size_t most = 17;
    const std::size_t first = low - std::min(low, neighbours);
    const std::size_t last = std::min(high + neighbours, vision_gpus_.size() - 1);
    const std::size_t stride = (last - first) / most + 1;
    std::vector<std::size_t> indices;
    for (std::size_t i = first; i <= last; i += stride) indices.push_back(i);
    return indices;
  }

 private:
  Scenario largest_;
  const InputDistribution& distribution_;
  std::vector<int> vision_gpus_;
  std::map<std::size_t, MixedStep> steps_;
};

std::vector<BatchShares> drawn_batches(const InputDistribution& distribution, std::int64_t global_batch) {
  BatchDraws draws(distribution, global_batch);
  std::vector<BatchShares> batches;
  batches.reserve(static_cast<std::size_t>(distribution.iterations));
  for (std::int64_t i = 0; i < distribution.iterations; ++i) batches.push_back(draws.next());
  return batches;
}

double dot(const std::vector<double>& shares, const std::vector<double>& work) {
  return std::inner_product(shares.begin(), shares.end(), work.begin(), 0.0);
}

/// Standard deviation of the batches' work over its mean.
double relative_deviation(const std::vector<BatchShares>& batches, const SampleWork& work) {
  double sum = 0;
  double squares = 0;
  const double scale = dot(batches[0].images, work.images) + dot(batches[0].texts, work.texts);
  for (const BatchShares& batch : batches) {
    const double change = (dot(batch.images, work.images) + dot(batch.texts, work.texts)) / scale - 1;
    sum += change;
    squares += change * change;
  }
  const auto n = static_cast<double>(batches.size());
  return std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n))) / (1 + sum / n);
}

SplitCosts costs_of(MixedSplits& splits, const std::vector<std::size_t>& candidates, const std::vector<BatchShares>& batches) {
  SplitCosts costs;
  costs.iterations.assign(batches.size(), 1);
  for (const std::size_t candidate : candidates) {
    const MixedStep& mixed = splits.at(candidate);
    std::vector<Seconds>& step = costs.step.emplace_back();
    step.reserve(batches.size());
    for (const BatchShares& batch : batches) step.push_back(mixed.of(batch).step());
  }
  return costs;
}

std::vector<std::size_t> candidates_of(MixedSplits& splits, const std::vector<BatchShares>& batches, const SampleWork& work) {
  const auto ratio = [&](const BatchShares& batch) { return dot(batch.images, work.images) / dot(batch.texts, work.texts); };
  const auto [light, heavy] =
      std::minmax_element(batches.begin(), batches.end(), [&](const auto& a, const auto& b) { return ratio(a) < ratio(b); });
  const std::size_t least = splits.balanced(*light);
  return splits.around(least, std::max(least, splits.balanced(*heavy)));
}

PolicyTime named(PolicyTime policy, const char* name) {
  policy.policy = name;
  return policy;
}

Seconds colocated_time(const Scenario& scenario, const InputDistribution& distribution, const std::vector<BatchShares>& batches) {
  const MixedStep mixed(with_colocated(with_largest_inputs(scenario, distribution)), distribution);
  Seconds sum{};
  for (const BatchShares& batch : batches) sum += mixed.of(batch).step();
  return sum;
}

double square_deviation(const std::vector<SizeShare>& sizes, const std::vector<double>& work, double mean) {
  double sum = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) sum += sizes[i].share * (work[i] - mean) * (work[i] - mean);
  return sum;
}

}  // namespace

SampleWork sample_work(const Scenario& scenario, const InputDistribution& distribution) {
  const Scenario together = with_colocated(scenario);
  const auto batch = static_cast<double>(scenario.training.global_batch);
  const auto flops = [&](const SizeShare& image, const SizeShare& text, std::size_t tower) {
    const Scenario here = with_inputs(together, image, text);
    return tower_flops(here, micro_batch_work(here))[tower].value() / batch;
  };
  SampleWork work;
  for (const SizeShare& image : distribution.images)
    work.images.push_back(flops(image, distribution.texts.front(), vision_tower_number));
  for (const SizeShare& text : distribution.texts)
    work.texts.push_back(flops(distribution.images.front(), text, text_tower_number));
  const BatchShares expected = expected_shares(distribution);
  const double image_mean = dot(expected.images, work.images);
  const double text_mean = dot(expected.texts, work.texts);
  // apart from each other, so their squared deviations add
  const double squares = square_deviation(distribution.images, work.images, image_mean) +
                         square_deviation(distribution.texts, work.texts, text_mean);
  work.variation = std::sqrt(squares) / (image_mean + text_mean);
  return work;
}

WorkloadReport split_mixed_workload(const Scenario& scenario, const Workload& workload, const SplitRules& rules) {
  const InputDistribution& distribution = workload.distribution.value();
  const std::vector<BatchShares> batches = drawn_batches(distribution, scenario.training.global_batch);
  const SampleWork work = sample_work(scenario, distribution);
  MixedSplits splits(scenario, distribution, rules);
  const std::vector<std::size_t> candidates = candidates_of(splits, batches, work);
  const SplitCosts costs = costs_of(splits, candidates, batches);
  std::map<std::pair<std::size_t, std::size_t>, Seconds> known;
  const auto move = [&](std::size_t from, std::size_t to) {
    const auto [at, fresh] = known.try_emplace({from, to});
    if (fresh) at->second = reallocation_time(splits.planned(candidates[from]), splits.planned(candidates[to]), workload.rebuild);
    return at->second;
  };
  const auto rebuild = [&](std::size_t, std::size_t) { return workload.rebuild; };
  const auto [best, least] = best_static(costs);
  WorkloadReport report;
  report.static_vision_gpus = splits.vision_gpus(candidates[best]);
  report.static_text_gpus = scenario.cluster.gpus - report.static_vision_gpus;
  report.policies = {{"colocated", colocated_time(scenario, distribution, batches), {}, 0},
                     {"static split", least, {}, 0},
                     named(reallocate_every(costs, 1, move), "reallocation at each iteration"),
                     best_interval(costs, workload.reallocate_every, move),
                     named(best_interval(costs, workload.reallocate_every, rebuild), "swing GPUs that keep both towers")};
  report.noise_percent = 100 * work.variation / std::sqrt(static_cast<double>(scenario.training.global_batch));
  report.drawn = DrawnInputs{.iterations = distribution.iterations,
                             .sample_variation = work.variation,
                             .deviation_percent = 100 * relative_deviation(batches, work)};
  report.answer = workload_answer(report);
  return report;
}

}  // namespace mfusim
