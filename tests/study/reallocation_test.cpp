// SPDX-License-Identifier: Apache-2.0
#include "study/reallocation.hpp"

#include "tests/catch.hpp"

#include <algorithm>
#include <random>

using namespace mfusim;

namespace {

const MoveTime free_move = [](std::size_t, std::size_t) { return Seconds(0); };

/// Stretches of 1 to 9 iterations, three splits, steps of 1 to 2 s.
SplitCosts random_costs(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  SplitCosts costs;
  costs.step.resize(3);
  for (int stretch = 0; stretch < 20; ++stretch) {
    costs.iterations.push_back(1 + static_cast<std::int64_t>(random() % 9));
    for (auto& split : costs.step) split.emplace_back(1 + static_cast<double>(random() % 1000) / 1000);
  }
  return costs;
}

/// Every iteration a stretch of its own.
SplitCosts one_by_one(const SplitCosts& costs) {
  SplitCosts single;
  single.step.resize(costs.step.size());
  for (std::size_t stretch = 0; stretch < costs.iterations.size(); ++stretch) {
    for (std::int64_t i = 0; i < costs.iterations[stretch]; ++i) {
      single.iterations.push_back(1);
      for (std::size_t split = 0; split < costs.step.size(); ++split) single.step[split].push_back(costs.step[split][stretch]);
    }
  }
  return single;
}

Seconds best_of_each_stretch(const SplitCosts& costs) {
  Seconds sum{};
  for (std::size_t i = 0; i < costs.iterations.size(); ++i) {
    Seconds least = costs.step[0][i];
    for (const auto& split : costs.step) least = std::min(least, split[i]);
    sum += static_cast<double>(costs.iterations[i]) * least;
  }
  return sum;
}

}  // namespace

TEST_CASE("an interval as long as the run is the static split", "[property]") {
  const SplitCosts costs = random_costs(GENERATE(1, 2, 3, 4, 5));
  const MoveTime dear = [](std::size_t, std::size_t) { return Seconds(1000); };
  for (const std::int64_t interval : {180, 1000}) {  // at most 20 stretches of 9
    const PolicyTime periodic = reallocate_every(costs, interval, dear);
    CHECK_THAT(periodic.total.count(), WithinRel(best_static(costs).second.count(), 1e-12));
    CHECK(periodic.reallocations == 0);
  }
}

TEST_CASE("moves that cost nothing: no interval beats the best split of each stretch, and none loses to the static split",
          "[property]") {
  const SplitCosts costs = random_costs(GENERATE(11, 12, 13, 14, 15));
  const double least = best_of_each_stretch(costs).count();
  const double most = best_static(costs).second.count();
  CHECK_THAT(reallocate_every(costs, 1, free_move).total.count(), WithinRel(least, 1e-12));
  for (std::int64_t interval = 1; interval < 50; ++interval) {
    CAPTURE(interval);
    const double total = reallocate_every(costs, interval, free_move).total.count();
    CHECK(total >= least * (1 - 1e-12));
    CHECK(total <= most * (1 + 1e-12));
  }
}

TEST_CASE("how a run is cut into stretches does not matter", "[property]") {
  const SplitCosts costs = random_costs(GENERATE(21, 22, 23));
  const SplitCosts single = one_by_one(costs);
  const MoveTime move = [](std::size_t from, std::size_t to) { return Seconds(from < to ? 2 : 3); };
  for (std::int64_t interval = 1; interval < 30; ++interval) {
    CAPTURE(interval);
    const PolicyTime together = reallocate_every(costs, interval, move);
    const PolicyTime apart = reallocate_every(single, interval, move);
    CHECK_THAT(together.total.count(), WithinRel(apart.total.count(), 1e-12));
    CHECK(together.reallocations == apart.reallocations);
  }
}

TEST_CASE("every change of split is a reallocation with its cost", "[unit]") {
  const SplitCosts costs{.iterations = {4, 4}, .step = {{Seconds(1), Seconds(2)}, {Seconds(2), Seconds(1)}}};
  const MoveTime move = [](std::size_t, std::size_t) { return Seconds(5); };
  const PolicyTime policy = reallocate_every(costs, 2, move);
  CHECK(policy.reallocations == 1);
  CHECK(policy.reallocation == Seconds(5));
  CHECK(policy.total == Seconds(8 + 5));
  CHECK(best_static(costs).second == Seconds(12));
}

TEST_CASE("of several intervals the one with the least total is taken, of equals the longest", "[unit]") {
  const SplitCosts flat{.iterations = {5000}, .step = {{Seconds(1)}}};
  CHECK(best_interval(flat, std::nullopt, free_move).policy == "reallocation every 1000 iterations");
  CHECK(best_interval(flat, 7, free_move).policy == "reallocation every 7 iterations");
  const SplitCosts drift{.iterations = {100, 1900}, .step = {{Seconds(1), Seconds(9)}, {Seconds(9), Seconds(1)}}};
  CHECK(best_interval(drift, std::nullopt, free_move).policy == "reallocation every 100 iterations");
}
