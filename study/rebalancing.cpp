// SPDX-License-Identifier: Apache-2.0
#include "study/rebalancing.hpp"

#include "sim/towers.hpp"
#include "study/split.hpp"

#include <algorithm>
#include <array>

namespace mfusim {
namespace {

constexpr std::array<std::int64_t, 3> more_passes{2, 4, 8};

/// The tower's share of the batch in so many passes of the scenario's own plan.
TowerPlan in_passes(const Scenario& apart, int gpus, std::int64_t passes) {
  TowerPlan plan = whole_batch_plan(apart.parallel, gpus, apart.training.global_batch);
  plan.parallel.micro_batches = passes;
  plan.micro_batch = (plan.micro_batch + passes - 1) / passes;
  return plan;
}

}  // namespace

Seconds rebalanced_step(const Scenario& scenario, int vision_gpus, int text_gpus) {
  const Scenario apart = with_split(scenario, vision_gpus, text_gpus);
  Seconds least = split_point(apart).step_time;
  for (const std::size_t tower : {vision_tower_number, text_tower_number}) {
    const std::int64_t share = local_batch(apart, tower);
    for (const std::int64_t passes : more_passes) {
      if (passes > share) break;
      Scenario other = apart;
      other.tower_plans[tower] = in_passes(apart, apart.tower_plans[tower].gpus, passes);
      const SplitPoint point = split_point(other);
      if (point.fits) least = std::min(least, point.step_time);
    }
  }
  return least;
}

}  // namespace mfusim
