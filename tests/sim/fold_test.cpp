// SPDX-License-Identifier: Apache-2.0
#include "sim/fold.hpp"

#include "sim/variation.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

bool has_slowed_tasks(const BuiltStep& step, const Timeline& timeline) {
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    if (timeline.end[task] - timeline.start[task] > step.graph.tasks[task].duration) return true;
  }
  return false;
}

struct Seen {
  int with_contention = 0;
  std::size_t tasks = 0;
  std::size_t simulated = 0;
};

/// The fold and the full graph give one makespan, to the picosecond.
void check_fold(const Scenario& scenario, Seen& seen) {
  const Work<Count> work = micro_batch_work(scenario);
  const std::optional<Folded> folded = fold(record_step(scenario, work), scenario);
  REQUIRE(folded);
  const BuiltStep step = build_step(scenario, work);
  const Timeline timeline = simulate(step.graph);
  CHECK(folded->makespan == timeline.makespan);
  seen.with_contention += has_slowed_tasks(step, timeline) ? 1 : 0;
  seen.tasks += step.graph.size();
  seen.simulated += folded->simulated_tasks;
}

/// More micro-batches than random_plan gives: that is what repeats.
Settings long_plan(Draw& draw) {
  Settings plan = random_plan(draw);
  const int more = draw.one_of<int>({1, 3, 6});
  for (auto& [key, value] : plan) {
    if (key == "training.global_batch") value = std::to_string(std::stoi(value) * more);
  }
  return plan;
}

}  // namespace

TEST_CASE("a folded step ends at the very picosecond of its full graph, whatever the plan", "[property]") {
  constexpr int plans = 150;
  Seen seen;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(1000 + seed));
    const Settings plan = long_plan(draw);
    CAPTURE(seed, text_of(plan));
    check_fold(scenario_of(tiny_decoder, plan), seen);
  }
  CHECK(seen.with_contention >= plans / 4);  // else the cases would not show that sharing folds
  CHECK(seen.simulated < seen.tasks / 2);    // else nothing is folded
}
