// SPDX-License-Identifier: Apache-2.0
#include "sim/rank_names.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

const Settings two_stages{{"cluster.gpus", "8"}, {"parallel.pipeline", "2"}};

std::vector<std::string> names_of(const Settings& settings) {
  const Run one = run(small_decoder, settings);
  return rank_names(one.step, one.scenario);
}

}  // namespace

TEST_CASE("a simulated rank is called after its pipeline stage", "[unit]") {
  CHECK(names_of({}) == std::vector<std::string>{"GPU"});
  CHECK(names_of(two_stages) == std::vector<std::string>{"stage 0", "stage 1"});
}

TEST_CASE("where towers have GPUs of their own, a rank is called after its tower", "[unit]") {
  const Run one = run(small_clip, {{"towers.placement", "disjoint"}, {"towers.vision.gpus", "7"}});
  CHECK(rank_names(one.step, one.scenario) == std::vector<std::string>{"vision, 7 GPUs", "text, 1 GPU"});
}

TEST_CASE("where replicas differ, a rank's name says how many it stands for and how slow it is", "[unit]") {
  Settings settings = two_stages;
  settings.emplace_back("variation.slow_ranks", "[{rank: 5, slowdown: 1.5}]");  // stage 1, replica 1 of 4
  CHECK(names_of(settings) == std::vector<std::string>{"stage 0, 3 replicas", "stage 0, 1 replica", "stage 1, 3 replicas",
                                                       "stage 1, 1 replica, 1.5x slower"});
}
