// SPDX-License-Identifier: Apache-2.0
#include "sim/fold.hpp"

#include "sim/evaluate.hpp"
#include "sim/fold_pattern.hpp"
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

/// Weight-gradient passes begin with the gather of their input, which can start before the pass: nothing folds it.
bool gathers_before_kernels(const ParallelPlan& plan) {
  const PipelineSchedule schedule = plan.schedule;
  return plan.sequence &&
         (schedule == PipelineSchedule::ZbH1 || schedule == PipelineSchedule::ZbH2 || schedule == PipelineSchedule::ZbV);
}

/// The fold and the full graph give one makespan, to the picosecond.
void check_fold(const Scenario& scenario, Seen& seen) {
  const Work<Count> work = micro_batch_work(scenario);
  const std::optional<Folded> folded = fold(record_step(scenario, work), scenario);
  if (!folded && gathers_before_kernels(scenario.parallel)) return;
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
  plan.emplace_back("stack_settings.optimizer_kernels", "fused");  // others are launched by the host: not folded
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

TEST_CASE("a step of many micro-batches is folded from a few of them, to the very picosecond of its full graph", "[property]") {
  constexpr int plans = 48;
  int repeating = 0;
  int skipped = 0;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(4000 + seed));
    Settings plan = random_plan(draw);
    plan.emplace_back("stack_settings.optimizer_kernels", "fused");
    const Scenario few = scenario_of(tiny_decoder, plan);
    const int micro_batches = few.parallel.pipeline * draw.one_of<int>({7, 10, 17});
    plan.emplace_back("training.global_batch", std::to_string(few.parallel.data * micro_batches));
    CAPTURE(seed, text_of(plan));
    const Scenario scenario = scenario_of(tiny_decoder, plan);
    const Work<Count> work = micro_batch_work(scenario);
    const std::optional<Folded> folded = fold_step(scenario, work);
    if (!folded && gathers_before_kernels(scenario.parallel)) continue;
    REQUIRE(folded);
    CHECK(folded->makespan == simulate(build_step(scenario, work).graph).makespan);
    if (scenario.parallel.schedule == PipelineSchedule::GPipe) continue;
    ++repeating;
    skipped += folded->periods_skipped > 0 ? 1 : 0;
  }
  CAPTURE(repeating, skipped);
  CHECK(skipped >= repeating * 2 / 3);  // the others still change when the flush begins: folded pass by pass
}

TEST_CASE("a step with periods left out has no graph, and says where it does not show how it goes on", "[unit]") {
  const Scenario scenario = scenario_of(
      tiny_decoder,
      {{"cluster.gpus", "4"}, {"parallel.pipeline", "4"}, {"training.global_batch", "32"}, {"stack", "megatron-lm-2023-01"}});
  const Work<Count> work = micro_batch_work(scenario);
  CHECK_THROWS_AS(record_shorter_step(scenario, work, 16).build(), std::logic_error);
  const std::optional<Folded> too_few = fold(record_shorter_step(scenario, work, 4), scenario);
  REQUIRE(too_few);
  CHECK(!too_few->complete);
}

TEST_CASE("a folded step with slow ranks ends at the picosecond of its full graph", "[property]") {
  constexpr int plans = 40;
  Seen seen;
  int folded_plans = 0;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(2000 + seed));
    Settings plan = long_plan(draw);
    plan.emplace_back("variation.slow_nodes.fraction", draw.one_of<std::string>({"0.4", "1"}));
    plan.emplace_back("variation.slow_nodes.slowdown", draw.one_of<std::string>({"1.1", "1.37"}));
    const Scenario scenario = scenario_of(tiny_decoder, plan);
    CAPTURE(seed, text_of(plan));
    if (replica_classes(scenario).size() > 1) {
      CHECK(!fold(record_step(scenario, micro_batch_work(scenario)), scenario));  // replicas that wait for each other
      continue;
    }
    check_fold(scenario, seen);
    ++folded_plans;
  }
  CHECK(folded_plans >= plans / 4);
}

TEST_CASE("a folded step with launches by the host ends at the picosecond of its full graph", "[property]") {
  constexpr int plans = 40;
  Seen seen;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(3000 + seed));
    Settings plan = long_plan(draw);
    for (auto& [key, value] : plan) {
      if (key == "stack") value = "pytorch-ddp-2024";
    }
    plan.emplace_back("data.decode_per_node",
                      draw.one_of<std::string>({"3 samples/s", "300 samples/s"}));  // longer than the step, or not
    CAPTURE(seed, text_of(plan));
    check_fold(scenario_of(tiny_decoder, plan), seen);
  }
}

TEST_CASE("what is not folded is answered by the full graph: an optimizer that the host launches, towers on two queues or apart",
          "[property]") {
  const Settings loop{{"stack", "pytorch-ddp-2024"}, {"stack_settings.optimizer_kernels", "loop"}};
  const Scenario launched = scenario_of(tiny_decoder, loop);
  CHECK(!fold(record_step(launched, micro_batch_work(launched)), launched));
  CHECK(evaluate(launched).iteration_time == run(tiny_decoder, loop).result.iteration_time);
  for (const Settings& towers :
       {Settings{{"towers.placement", "two-streams"}}, Settings{{"towers.placement", "disjoint"}, {"towers.vision.gpus", "5"}},
        Settings{{"towers.placement", "two-grid"}, {"towers.vision.parallel.tensor", "2"}}, Settings{{"parallel.zero", "3"}}}) {
    CAPTURE(towers.front().second);
    CHECK(evaluate(scenario_of(small_clip, towers)).iteration_time == run(small_clip, towers).result.iteration_time);
  }
}

TEST_CASE("the work of a fold does not grow with the micro-batches", "[property]") {
  const std::string overlap = GENERATE("false", "true");
  CAPTURE(overlap);
  const auto scenario_with = [&](int micro_batches) {
    return scenario_of(tiny_decoder, {{"cluster.gpus", "8"},
                                      {"parallel.tensor", "2"},
                                      {"parallel.sequence", "true"},
                                      {"parallel.pipeline", "4"},
                                      {"training.global_batch", std::to_string(micro_batches)},
                                      {"techniques.pp_overlap", overlap},
                                      {"stack", "megatron-lm-2023-01"}});
  };
  const auto folded = [&](int micro_batches) {
    const Scenario scenario = scenario_with(micro_batches);
    return fold(record_step(scenario, micro_batch_work(scenario)), scenario).value();
  };
  const Folded few = folded(32);
  const Folded many = folded(320);
  CHECK(many.groups > 9 * few.groups);
  CHECK(many.simulated_tasks == few.simulated_tasks);

  const auto skipping = [&](int micro_batches) {
    const Scenario scenario = scenario_with(micro_batches);
    return fold_step(scenario, micro_batch_work(scenario)).value();
  };
  const Folded shorter = skipping(320);
  const Folded longer = skipping(6400);
  CHECK(shorter.makespan == many.makespan);
  CHECK(longer.groups == shorter.groups);  // not even their passes are written down
  CHECK(longer.periods_skipped == shorter.periods_skipped + 6400 - 320);
}

TEST_CASE("a segment whose communication may start before its first kernel is no pattern", "[unit]") {
  StepTable table(2);
  table[0].duration = Picoseconds(10);
  table[1].duration = Picoseconds(5);
  table[1].stream = StreamKind::Tensor;
  const std::vector<UsageId> usages{0, 0};
  const FoldRows rows(table, usages);
  Segment early;
  early.tasks = {{.step = 1, .after = {segment_entry, no_task, no_task}}, {.step = 0, .after = {0, no_task, no_task}}};
  CHECK(!fold_pattern(early, rows, 1));
  Segment late;
  late.tasks = {{.step = 0, .after = {segment_entry, no_task, no_task}}, {.step = 1, .after = {0, no_task, no_task}}};
  const std::optional<FoldPattern> pattern = fold_pattern(late, rows, 2);
  REQUIRE(pattern);
  CHECK(pattern->tasks[0].duration == 20);  // kernels are slowed, transfers are not
  CHECK(pattern->tasks[1].duration == 5);
}
