// SPDX-License-Identifier: Apache-2.0
#include "study/rebalancing.hpp"

#include "sim/towers.hpp"
#include "study/split.hpp"

#include <algorithm>
#include <array>

namespace mfusim {
namespace {

constexpr std::array<std::int64_t, 3> more_passes{2, 4, 8};

}  // namespace

Seconds rebalanced_step(const Scenario& scenario, int vision_gpus, int text_gpus) {
  const Scenario apart = with_split(scenario, vision_gpus, text_gpus);
  Seconds least = split_point(apart).step_time;
  for (const std::size_t tower : {vision_tower_number, text_tower_number}) {
    const std::int64_t share = local_batch(apart, tower);
    for (const std::int64_t passes : more_passes) {
      if (passes > share || shards_parameters(apart.parallel)) break;
      Scenario other = apart;
      other.tower_plans[tower] =
          plan_in_passes(apart.parallel, apart.tower_plans[tower].gpus, apart.training.global_batch, passes);
      if (other.tower_plans[tower].parallel.micro_batches > 2 * passes) continue;  // a share without small divisors
      const SplitPoint point = split_point(other);
      if (point.fits) least = std::min(least, point.step_time);
    }
  }
  return least;
}

}  // namespace mfusim
