// SPDX-License-Identifier: Apache-2.0
#include "study/rebalancing.hpp"

#include "study/split.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

using namespace mfusim;
using namespace mfusim::tests;

TEST_CASE("micro-batches that adapt never cost time, and win nothing where one pass fits as it is", "[property]") {
  const std::string batch = GENERATE("128", "1024", "8192");
  const std::string recompute = GENERATE("none", "full");
  CAPTURE(batch, recompute);
  const Scenario scenario =
      scenario_of(small_clip, {{"cluster.gpus", "16"}, {"training.global_batch", batch}, {"parallel.recompute", recompute}});
  const SplitPoint fixed = split_point(with_split(scenario, 14, 2));
  const Seconds adapted = rebalanced_step(scenario, 14, 2);
  CHECK(adapted <= fixed.step_time);
  CHECK(adapted > Seconds(0));
  const bool own_plan = fixed.vision_tensor == 1 && fixed.text_tensor == 1 && fixed.vision_recompute == Recompute::None &&
                        fixed.text_recompute == Recompute::None;
  if (own_plan) CHECK(adapted == fixed.step_time);
}
