// SPDX-License-Identifier: Apache-2.0
#include "sim/towers.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// The grid with more data-parallel ranks: they share the loss.
std::size_t finer_grid(const Scenario& scenario) {
  const std::vector<TowerPlan>& plans = scenario.tower_plans;
  return plans[text_tower_number].parallel.data > plans[vision_tower_number].parallel.data ? text_tower_number
                                                                                           : vision_tower_number;
}

bool has_own_plan(const Scenario& scenario, std::size_t tower) {
  return tower < scenario.tower_plans.size();
}

}  // namespace

bool towers_apart(const Scenario& scenario) {
  return scenario.placement == TowerPlacement::Disjoint;
}

Scenario tower_view(const Scenario& scenario, std::size_t tower) {
  Scenario view = scenario;
  if (!has_own_plan(scenario, tower)) return view;
  const TowerPlan& plan = scenario.tower_plans[tower];
  view.parallel = plan.parallel;
  view.training.micro_batch = plan.micro_batch;
  view.cluster.gpus = plan.gpus;
  if (towers_apart(scenario) && tower == text_tower_number) view.data = {};
  return view;
}

TowerPlan whole_batch_plan(const ParallelPlan& plan, int gpus, std::int64_t global_batch) {
  TowerPlan own{.gpus = gpus, .parallel = plan};
  own.parallel.data = gpus / (plan.tensor * plan.pipeline);
  own.parallel.shard_group = own.parallel.data;
  own.parallel.micro_batches = 1;
  own.micro_batch = (global_batch + own.parallel.data - 1) / own.parallel.data;
  return own;
}

TowerPlan plan_in_passes(const ParallelPlan& plan, int gpus, std::int64_t global_batch, std::int64_t passes) {
  TowerPlan own = whole_batch_plan(plan, gpus, global_batch);
  const std::int64_t share = own.micro_batch;
  const bool even = global_batch % own.parallel.data == 0;
  if (even) {
    while (share % passes != 0) ++passes;
  }
  own.micro_batch = (share + passes - 1) / passes;
  own.parallel.micro_batches = (share + own.micro_batch - 1) / own.micro_batch;
  return own;
}

std::optional<std::int64_t> passes_of_share(std::int64_t share, std::int64_t micro_batch) {
  const std::int64_t passes = (share + micro_batch - 1) / micro_batch;
  if ((share + passes - 1) / passes != micro_batch) return std::nullopt;
  return passes;
}

std::int64_t micro_batches_of(const Scenario& scenario, std::size_t tower) {
  return has_own_plan(scenario, tower) ? scenario.tower_plans[tower].parallel.micro_batches : scenario.parallel.micro_batches;
}

bool caches_features(const ParallelPlan& plan) {
  return plan.micro_batches > 1 && plan.schedule != PipelineSchedule::GPipe;
}

bool has_pipelined_tower(const Scenario& scenario) {
  if (scenario.tower_plans.empty()) return scenario.parallel.pipeline > 1;
  return std::any_of(scenario.tower_plans.begin(), scenario.tower_plans.end(),
                     [](const TowerPlan& plan) { return plan.parallel.pipeline > 1; });
}

std::vector<TowerRank> simulated_ranks(const Scenario& scenario) {
  std::vector<TowerRank> ranks;
  const std::size_t groups = towers_apart(scenario) ? scenario.tower_plans.size() : 1;
  for (std::size_t tower = 0; tower < groups; ++tower) {
    for (int stage = 0; stage < tower_view(scenario, tower).parallel.pipeline; ++stage) ranks.push_back({tower, stage});
  }
  return ranks;
}

std::int64_t local_batch(const Scenario& scenario, std::size_t tower) {
  const std::int64_t micro_batch =
      has_own_plan(scenario, tower) ? scenario.tower_plans[tower].micro_batch : scenario.training.micro_batch;
  return micro_batch * micro_batches_of(scenario, tower);
}

std::int64_t loss_batch(const Scenario& scenario, std::size_t rank) {
  if (scenario.placement == TowerPlacement::TwoGrid) return local_batch(scenario, finer_grid(scenario));
  return local_batch(scenario, rank);
}

double passes_of_tower(const Scenario& scenario, std::size_t tower) {
  return static_cast<double>(micro_batches_of(scenario, tower)) * static_cast<double>(scenario.training.global_batch) /
         static_cast<double>(local_batch(scenario, tower));
}

}  // namespace mfusim
