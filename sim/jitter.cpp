// SPDX-License-Identifier: Apache-2.0
#include "sim/jitter.hpp"

#include "sim/memory_timeline.hpp"
#include "sim/variation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <stdexcept>
#include <vector>

namespace mfusim {
namespace {

/// Random numbers by counter: the n-th of a pass is a hash of n and the pass.
class PassRandom {
 public:
  PassRandom(std::int64_t seed, std::int64_t sample, const JitteredPass& pass) {
    for (const std::uint64_t word : {static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(sample),
                                     static_cast<std::uint64_t>(pass.rank), std::uint64_t{pass.kind} << 32U | pass.instance})
      state_ = mixed((state_ + golden_gamma) ^ word);
  }

  /// In (0, 1).
  [[nodiscard]] double uniform() {
    constexpr double step = 0x1p-53;
    state_ += golden_gamma;
    return (static_cast<double>(mixed(state_) >> 11U) + 0.5) * step;
  }
  [[nodiscard]] double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  static constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15U;
  /// The finalizer of SplitMix64.
  [[nodiscard]] static std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBU;
    return bits ^ (bits >> 31U);
  }
  std::uint64_t state_ = 0;
};

double lognormal(PassRandom& random, double deviation) {
  const double variance = std::log1p(deviation * deviation);
  return std::exp(std::sqrt(variance) * random.normal() - variance / 2);
}

/// With mean 1; the shape is at least 1, as no deviation is above 1.
double gamma(PassRandom& random, double deviation) {
  const double shape = 1 / (deviation * deviation);
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double z = random.normal();
    const double root = 1 + c * z;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(random.uniform()) < z * z / 2 + d - d * v + d * std::log(v)) return d * v / shape;
  }
}

/// The last draw of a rank: its kernels come pass by pass.
struct Drawn {
  std::optional<std::uint32_t> kind;
  std::uint32_t instance = 0;
  double factor = 1;
};

double group_factor(const Variation::Jitter& jitter, std::int64_t sample, const JitteredRanks& ranks, JitteredPass pass) {
  double longest = 0;
  const std::int64_t first = pass.rank * ranks.tensor;
  for (pass.rank = first; pass.rank < first + ranks.tensor; ++pass.rank) {
    const double slowdown = ranks.slowdown.empty() ? 1 : ranks.slowdown[static_cast<std::size_t>(pass.rank)];
    longest = std::max(longest, slowdown * jitter_factor(jitter, sample, pass));
  }
  return longest;
}

/// A number for the pass that each row of the table belongs to.
std::vector<std::uint32_t> kinds_of(const StepTable& table, const ScheduleKind& schedule) {
  constexpr std::uint32_t update = 100;  // no kind of slot
  std::vector<std::uint32_t> kinds;
  for (const Step& row : table) {
    const std::optional<Slot::Kind> kind = kind_of_pass(row, schedule);
    kinds.push_back(kind ? static_cast<std::uint32_t>(*kind) : update);
  }
  return kinds;
}

}  // namespace

double jitter_factor(const Variation::Jitter& jitter, std::int64_t sample, const JitteredPass& pass) {
  if (jitter.relative_deviation == 0) return 1;
  PassRandom random(jitter.seed, sample, pass);
  switch (jitter.distribution) {
    case JitterDistribution::Lognormal:
      return lognormal(random, jitter.relative_deviation);
    case JitterDistribution::Gamma:
      return gamma(random, jitter.relative_deviation);
  }
  throw std::logic_error("unhandled JitterDistribution");
}

void jitter_kernels(BuiltStep& step, const Variation::Jitter& jitter, std::int64_t sample, const JitteredRanks& ranks) {
  const std::vector<std::uint32_t> kinds = kinds_of(step.steps, *ranks.schedule);
  std::vector<Drawn> drawn(static_cast<std::size_t>(step.ranks));
  for (Task& task : step.graph.tasks) {
    if (!holds_kernels(kind_of(task.stream))) continue;
    const std::uint32_t kind = kinds[task.label];
    Drawn& last = drawn[static_cast<std::size_t>(rank_of(task.stream))];
    if (last.kind != kind || last.instance != task.instance)
      last = {kind, task.instance, group_factor(jitter, sample, ranks, {rank_of(task.stream), kind, task.instance})};
    const Picoseconds alone = step.steps[task.label].duration;
    task.duration = last.factor == 1 ? alone : to_ticks(last.factor * to_seconds(alone));
  }
}

void jitter_kernels(BuiltStep& step, const Scenario& scenario, std::int64_t sample) {
  const std::vector<double> slowdown = slowdown_of_ranks(*scenario.variation, scenario.cluster);
  const JitteredRanks ranks{
      .tensor = scenario.parallel.tensor, .slowdown = slowdown, .schedule = &schedule_kind(scenario.parallel.schedule)};
  jitter_kernels(step, *scenario.variation->jitter, sample, ranks);
}

}  // namespace mfusim
