// SPDX-License-Identifier: Apache-2.0
#include "sim/unfold.hpp"

#include "sim/placement.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

#include <algorithm>
#include <stdexcept>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

/// Ranks whose streams do not hold the very tasks of their simulated rank at the very times.
int ranks_that_differ(const BuiltStep& folded, const Timeline& once, const BuiltStep& unfolded, const Timeline& full,
                      const std::vector<int>& original_of) {
  const auto originals = tasks_by_stream(folded);
  const auto copies = tasks_by_stream(unfolded);
  std::vector<bool> differs(static_cast<std::size_t>(unfolded.ranks));
  for (StreamId stream = 0; stream < copies.size(); ++stream) {
    const auto original = static_cast<StreamId>(original_of[static_cast<std::size_t>(rank_of(stream))] * streams_per_rank) +
                          stream % streams_per_rank;
    const bool same = std::equal(copies[stream].begin(), copies[stream].end(), originals[original].begin(),
                                 originals[original].end(), [&](TaskId copy, TaskId task) {
                                   return full.start[copy] == once.start[task] && full.end[copy] == once.end[task] &&
                                          unfolded.graph.tasks[copy].label == folded.graph.tasks[task].label &&
                                          unfolded.graph.tasks[copy].instance == folded.graph.tasks[task].instance;
                                 });
    if (!same) differs[static_cast<std::size_t>(rank_of(stream))] = true;
  }
  return static_cast<int>(std::count(differs.begin(), differs.end(), true));
}

/// The simulated rank behind each rank of a job with equally many copies of each.
std::vector<int> evenly(int ranks, int originals) {
  std::vector<int> original_of;
  for (int rank = 0; rank < ranks; ++rank) original_of.push_back(rank / (ranks / originals));
  return original_of;
}

bool has_slowed_tasks(const BuiltStep& step, const Timeline& timeline) {
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    if (timeline.end[task] - timeline.start[task] > step.graph.tasks[task].duration) return true;
  }
  return false;
}

/// How often each kind of step of one scope is in a graph.
std::size_t count_of(const BuiltStep& step, StepScope scope) {
  return static_cast<std::size_t>(std::count_if(step.graph.tasks.begin(), step.graph.tasks.end(),
                                                [&](const Task& task) { return step.steps[task.label].scope == scope; }));
}

void check_unfolding(const Scenario& scenario, int& with_contention) {
  const Run folded = run_scenario(scenario);
  const BuiltStep unfolded = unfold(folded.step, scenario);
  const Timeline full = simulate(unfolded.graph);
  const auto tensor = static_cast<std::size_t>(scenario.parallel.tensor);
  const auto data = static_cast<std::size_t>(gradient_ranks(scenario.parallel));
  REQUIRE(unfolded.ranks == scenario.cluster.gpus);
  CHECK(count_of(unfolded, StepScope::Rank) == tensor * data * count_of(folded.step, StepScope::Rank));
  CHECK(count_of(unfolded, StepScope::TensorGroup) == data * count_of(folded.step, StepScope::TensorGroup));
  CHECK(count_of(unfolded, StepScope::DataGroup) == tensor * count_of(folded.step, StepScope::DataGroup));
  CHECK(count_of(unfolded, StepScope::Job) == count_of(folded.step, StepScope::Job));
  CHECK(full.makespan == folded.timeline.makespan);
  CHECK(ranks_that_differ(folded.step, folded.timeline, unfolded, full, evenly(unfolded.ranks, folded.step.ranks)) == 0);
  with_contention += has_slowed_tasks(folded.step, folded.timeline) ? 1 : 0;
}

}  // namespace

TEST_CASE("every rank simulated on its own does each task at the picosecond of the folded step", "[property]") {
  constexpr int plans = 60;
  int with_contention = 0;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(seed));
    const Settings plan = random_plan(draw);
    CAPTURE(seed, text_of(plan));
    check_unfolding(scenario_of(tiny_decoder, plan), with_contention);
  }
  CHECK(with_contention >= plans / 4);  // else the cases would not show that sharing folds
}

TEST_CASE("every rank of a job that shards state or sequences does each task at the picosecond of the folded step",
          "[property]") {
  constexpr int plans = 40;
  int with_contention = 0;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(2000 + seed));
    const Settings plan = random_sharded_plan(draw);
    CAPTURE(seed, text_of(plan));
    check_unfolding(scenario_of(tiny_decoder, plan), with_contention);
  }
  CHECK(with_contention >= plans / 4);
}

TEST_CASE("every rank of a two-tower job does each task at the picosecond of the folded step", "[property]") {
  const std::string gpus = GENERATE("2", "8", "32");
  const std::string zero = GENERATE("0", "1", "2", "3");
  const std::string overlap = GENERATE("false", "true");
  CAPTURE(gpus, zero, overlap);
  int with_contention = 0;
  check_unfolding(scenario_of(small_clip, {{"cluster.gpus", gpus},
                                           {"training.global_batch", std::to_string(4 * std::stoi(gpus))},
                                           {"parallel.zero", zero},
                                           {"techniques.dp_overlap", overlap}}),
                  with_contention);
}

TEST_CASE("every rank of a job with towers apart does each task at the picosecond of its tower's simulated rank", "[property]") {
  struct Case {
    int vision, text, vision_tensor, text_tensor;
  };
  const Case plan = GENERATE(Case{7, 1, 1, 1}, Case{4, 4, 1, 1}, Case{4, 4, 2, 1}, Case{12, 4, 4, 2}, Case{6, 10, 1, 2});
  const std::string zero = GENERATE("0", "1");
  const std::string micro_batches = GENERATE("1", "2");
  CAPTURE(plan.vision, plan.text, plan.vision_tensor, plan.text_tensor, zero, micro_batches);
  const auto micro_batch = [&](int ranks) { return std::to_string(840 / ranks / std::stoi(micro_batches)); };
  const Scenario scenario = scenario_of(small_clip, {{"cluster.gpus", std::to_string(plan.vision + plan.text)},
                                                     {"training.global_batch", "840"},
                                                     {"parallel.zero", zero},
                                                     {"towers.placement", "disjoint"},
                                                     {"towers.vision.gpus", std::to_string(plan.vision)},
                                                     {"towers.vision.parallel.tensor", std::to_string(plan.vision_tensor)},
                                                     {"towers.vision.micro_batch", micro_batch(plan.vision / plan.vision_tensor)},
                                                     {"towers.text.parallel.tensor", std::to_string(plan.text_tensor)},
                                                     {"towers.text.micro_batch", micro_batch(plan.text / plan.text_tensor)}});
  const Run folded = run_scenario(scenario);
  const BuiltStep unfolded = unfold(folded.step, scenario);
  const Timeline full = simulate(unfolded.graph);
  std::vector<int> original_of(static_cast<std::size_t>(plan.vision), 0);
  original_of.resize(static_cast<std::size_t>(plan.vision + plan.text), 1);
  REQUIRE(unfolded.ranks == scenario.cluster.gpus);
  CHECK(full.makespan == folded.timeline.makespan);
  CHECK(ranks_that_differ(folded.step, folded.timeline, unfolded, full, original_of) == 0);
}

TEST_CASE("a joint task waits for the last rank of its group, and only for its group", "[unit]") {
  // tensor 2 x data 2: ranks 0, 1 are one tensor group, 0, 2 one data group
  const Scenario scenario = scenario_of(
      tiny_decoder,
      {{"cluster.gpus", "4"}, {"parallel.tensor", "2"}, {"training.global_batch", "2"}, {"techniques.tp_overlap", "false"}});
  BuiltStep step = unfold(build_step(scenario, micro_batch_work(scenario)), scenario);
  const Timeline before = simulate(step.graph);
  const auto first_of = [&](int rank, StreamKind kind) {
    return tasks_by_stream(step)[static_cast<StreamId>(rank * streams_per_rank) + static_cast<StreamId>(kind)].front();
  };
  const TaskId late = first_of(1, StreamKind::Compute);
  const Picoseconds delay = before.makespan;  // later than everything else
  step.graph.tasks[late].duration += delay;
  const Timeline after = simulate(step.graph);
  for (const int rank : {0, 1}) {
    const TaskId exchange = first_of(rank, StreamKind::Tensor);
    CHECK(after.start[exchange] >= delay);
  }
  for (const int rank : {2, 3}) {
    const TaskId exchange = first_of(rank, StreamKind::Tensor);
    CHECK(after.start[exchange] == before.start[exchange]);
    CHECK(after.start[first_of(rank, StreamKind::Data)] >= delay);  // its partner in the late tensor group
  }
}

TEST_CASE("jobs too large to simulate rank by rank are not unfolded", "[unit]") {
  const Scenario scenario =
      scenario_of(tiny_decoder, {{"cluster.gpus", "512"}, {"training.global_batch", "512"}, {"parallel.data", "512"}});
  const BuiltStep step = build_step(scenario, micro_batch_work(scenario));
  CHECK_THROWS_AS(unfold(step, scenario), std::logic_error);
  CHECK_THROWS_AS(copy_ranks(step, {.tensor = 0, .data = 1}), std::logic_error);
}
