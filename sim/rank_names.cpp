// SPDX-License-Identifier: Apache-2.0
#include "sim/rank_names.hpp"

#include "sim/towers.hpp"
#include "sim/variation.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

std::string place_name(const ParallelPlan& plan, int stage) {
  return plan.pipeline > 1 ? fmt::format("stage {}", stage) : std::string("GPU");
}

/// "3 replicas"; where each is its own, "replica 3".
std::string class_name(const Scenario& scenario, const ReplicaClass& replicas, std::size_t number, std::size_t stage) {
  const bool own = scenario.variation && scenario.variation->jitter;
  const std::string count =
      own ? fmt::format("replica {}", number) : fmt::format("{} replica{}", replicas.replicas, replicas.replicas == 1 ? "" : "s");
  const double slowdown = replicas.slowdown[stage];
  return slowdown > 1 ? fmt::format("{}, {:.4g}x slower", count, slowdown) : count;
}

/// "vision, 40 GPUs": the rank stands for all GPUs of its tower.
std::string tower_name(const Scenario& scenario, std::size_t tower) {
  const int gpus = tower_view(scenario, tower).cluster.gpus;
  return fmt::format("{}, {} GPU{}", tower == vision_tower_number ? "vision" : "text", gpus, gpus == 1 ? "" : "s");
}

}  // namespace

std::vector<std::string> rank_names(const BuiltStep& step, const Scenario& scenario) {
  if (towers_apart(scenario) && step.ranks == 2)
    return {tower_name(scenario, vision_tower_number), tower_name(scenario, text_tower_number)};
  const std::vector<ReplicaClass> classes = replica_classes(scenario);
  const int stages = scenario.parallel.pipeline;
  std::vector<std::string> names;
  if (step.ranks != stages * static_cast<int>(classes.size())) {
    for (int rank = 0; rank < step.ranks; ++rank) names.push_back(fmt::format("rank {}", rank));
    return names;
  }
  for (int stage = 0; stage < stages; ++stage) {
    for (std::size_t number = 0; number < classes.size(); ++number) {
      std::string name = place_name(scenario.parallel, stage);
      if (classes.size() > 1) name += ", " + class_name(scenario, classes[number], number, static_cast<std::size_t>(stage));
      names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace mfusim
