// SPDX-License-Identifier: Apache-2.0
#include "sim/variation.hpp"

#include "sim/jitter.hpp"
#include "sim/step_size.hpp"
#include "sim/unfold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

namespace mfusim {
namespace {

double read_slowdown(Reader& reader) {
  constexpr double longest = 1000;  // beyond, a rank is not slow but broken
  const double slowdown = reader.number("slowdown");
  if (slowdown < 1 || slowdown > longest)
    reader.fail("slowdown",
                fmt::format("expected a factor from 1 to {}: how many times longer kernels last, got {}", longest, slowdown));
  return slowdown;
}

Variation::SlowNodes read_slow_nodes(Reader reader) {
  Variation::SlowNodes nodes;
  nodes.fraction = reader.fraction("fraction");
  nodes.slowdown = read_slowdown(reader);
  nodes.seed = reader.non_negative_int("seed", 1);
  reader.reject_unknown_keys();
  return nodes;
}

std::vector<Variation::SlowRank> read_slow_ranks(Reader& variation, const Cluster& cluster) {
  std::vector<Variation::SlowRank> ranks;
  std::vector<bool> given(static_cast<std::size_t>(cluster.gpus));
  for (Reader& reader : variation.list_of_mappings("slow_ranks")) {
    const std::int64_t rank = reader.non_negative_int("rank");
    if (rank >= cluster.gpus)
      reader.fail("rank", fmt::format("expected a rank from 0 to cluster.gpus - 1 ({}), got {}", cluster.gpus - 1, rank));
    if (given[static_cast<std::size_t>(rank)]) reader.fail("rank", fmt::format("rank {} is given twice", rank));
    given[static_cast<std::size_t>(rank)] = true;
    ranks.push_back({static_cast<int>(rank), read_slowdown(reader)});
    reader.reject_unknown_keys();
  }
  if (ranks.empty()) variation.fail("slow_ranks", "expected at least one rank, got an empty list");
  return ranks;
}

Variation::Jitter read_jitter(Reader reader) {
  static const std::vector<std::pair<std::string, JitterDistribution>> distributions{{"lognormal", JitterDistribution::Lognormal},
                                                                                     {"gamma", JitterDistribution::Gamma}};
  constexpr std::int64_t most_samples = 1000;
  Variation::Jitter jitter;
  jitter.relative_deviation = reader.fraction("relative_deviation");
  jitter.distribution = reader.choice("distribution", distributions, "lognormal");
  jitter.seed = reader.non_negative_int("seed", 1);
  jitter.samples = reader.positive_int("samples", 1);
  if (jitter.samples > most_samples)
    reader.fail("samples", fmt::format("expected at most {} steps, got {}", most_samples, jitter.samples));
  reader.reject_unknown_keys();
  return jitter;
}

/// Node numbers in an order that depends on the seed alone: Fisher and Yates, with a generator that the C++ standard defines to
/// the bit (its distributions are not).
std::vector<int> shuffled_nodes(int nodes, std::int64_t seed) {
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  std::vector<int> order(static_cast<std::size_t>(nodes));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = 0; i + 1 < order.size(); ++i) std::swap(order[i], order[i + random() % (order.size() - i)]);
  return order;
}

bool is_slow(const std::vector<double>& slowdown) {
  return std::any_of(slowdown.begin(), slowdown.end(), [](double factor) { return factor > 1; });
}

}  // namespace

Variation read_variation(Reader reader, const Cluster& cluster) {
  const bool nodes = reader.has("slow_nodes");
  const bool ranks = reader.has("slow_ranks");
  if (nodes && ranks) reader.fail("slow_nodes", "given together with slow_ranks: one of them");
  Variation variation;
  if (nodes) {
    variation.slow_nodes = read_slow_nodes(reader.child("slow_nodes"));
  } else if (ranks || !reader.has("jitter")) {
    variation.slow_ranks = read_slow_ranks(reader, cluster);
  }
  if (std::optional<Reader> jitter = reader.child_if("jitter")) variation.jitter = read_jitter(*jitter);
  reader.reject_unknown_keys();
  return variation;
}

std::vector<double> slowdown_of_ranks(const Variation& variation, const Cluster& cluster) {
  std::vector<double> slowdown(static_cast<std::size_t>(cluster.gpus), 1.0);
  for (const Variation::SlowRank& slow : variation.slow_ranks) slowdown[static_cast<std::size_t>(slow.rank)] = slow.slowdown;
  if (variation.slow_nodes) {
    const int nodes = cluster.gpus / cluster.gpus_per_node;
    const std::vector<int> order = shuffled_nodes(nodes, variation.slow_nodes->seed);
    const std::int64_t slow = std::llround(variation.slow_nodes->fraction * nodes);
    for (std::int64_t i = 0; i < slow; ++i)
      std::fill_n(slowdown.begin() + std::ptrdiff_t{order[static_cast<std::size_t>(i)]} * cluster.gpus_per_node,
                  cluster.gpus_per_node, variation.slow_nodes->slowdown);
  }
  return slowdown;
}

std::string describe_variation(const Variation& variation, const Cluster& cluster) {
  const std::vector<double> slowdown = slowdown_of_ranks(variation, cluster);
  const auto slow = std::count_if(slowdown.begin(), slowdown.end(), [](double factor) { return factor > 1; });
  const std::string slow_ones = fmt::format("{} of {} GPUs are slow, at most {} times", slow, cluster.gpus,
                                            *std::max_element(slowdown.begin(), slowdown.end()));
  if (!variation.jitter) return "variation: " + slow_ones;
  const bool alone = !variation.slow_nodes && variation.slow_ranks.empty();
  return fmt::format("variation: {}passes last a random time, {:.4g} % around their usual one", alone ? "" : slow_ones + "; ",
                     100 * variation.jitter->relative_deviation);
}

std::vector<ReplicaClass> replica_classes(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  if (!scenario.variation) return {{std::vector<double>(static_cast<std::size_t>(plan.pipeline), 1.0), plan.data}};
  const std::vector<double> of_rank = slowdown_of_ranks(*scenario.variation, scenario.cluster);
  std::vector<ReplicaClass> classes;
  for (int data = 0; data < plan.data; ++data) {
    std::vector<double> slowdown;
    for (int stage = 0; stage < plan.pipeline; ++stage) {
      const auto first = of_rank.begin() + std::ptrdiff_t{stage * plan.data + data} * plan.tensor;
      slowdown.push_back(*std::max_element(first, first + plan.tensor));
    }
    const auto known = std::find_if(classes.begin(), classes.end(), [&](const auto& one) { return one.slowdown == slowdown; });
    if (scenario.variation->jitter || known == classes.end()) {
      classes.push_back({slowdown, 1});
    } else {
      ++known->replicas;
    }
  }
  return classes;
}

namespace {

/// A rank for each stage of each replica, with the first sample of its passes.
BuiltStep jittered(const BuiltStep& step, const Scenario& scenario) {
  const int replicas = scenario.parallel.data;
  check_step_size(step.graph.size() * static_cast<std::size_t>(replicas),
                  fmt::format("variation.jitter needs each of the {} replicas on its own", replicas));
  BuiltStep all = copy_ranks(step, {.tensor = 1, .data = replicas});
  jitter_kernels(all, scenario, 0);
  return all;
}

}  // namespace

BuiltStep vary(BuiltStep step, const Scenario& scenario) {
  if (scenario.variation && scenario.variation->jitter) return jittered(step, scenario);
  const std::vector<ReplicaClass> classes = replica_classes(scenario);
  if (classes.size() == 1 && !is_slow(classes.front().slowdown)) return step;
  check_step_size(step.graph.size() * classes.size());
  std::vector<double> slowdown;
  for (std::size_t stage = 0; stage < classes.front().slowdown.size(); ++stage) {
    for (const ReplicaClass& one : classes) slowdown.push_back(one.slowdown[stage]);
  }
  if (classes.size() > 1) step = copy_ranks(step, {.tensor = 1, .data = static_cast<int>(classes.size())});
  slow_kernels(step, slowdown);
  return step;
}

void slow_kernels(BuiltStep& step, std::span<const double> slowdown) {
  if (slowdown.size() != static_cast<std::size_t>(step.ranks))
    throw std::logic_error(fmt::format("slowdowns of {} ranks for a step of {}", slowdown.size(), step.ranks));
  for (Task& task : step.graph.tasks) {
    const double factor = slowdown[static_cast<std::size_t>(rank_of(task.stream))];
    if (holds_kernels(kind_of(task.stream)) && factor != 1) task.duration = to_ticks(factor * to_seconds(task.duration));
  }
}

}  // namespace mfusim
