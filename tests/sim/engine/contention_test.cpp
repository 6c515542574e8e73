// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"
#include "sim/critical_path.hpp"
#include "sim/engine.hpp"
#include "sim/engine_events.hpp"
#include "sim/engine_linear.hpp"
#include "sim/task_graph_builder.hpp"
#include "tests/catch.hpp"
#include "tests/sim/engine/random_graph.hpp"

#include <algorithm>

using namespace mfusim;

namespace {

Task task(std::int64_t picoseconds, StreamId stream, UsageId usage = 0) {
  return {.duration = Picoseconds(picoseconds), .stream = stream, .usage = usage};
}

struct SharedGraph {
  test::RandomGraph plain;
  std::vector<double> capacities{};
  std::vector<Usage> usages{};
};

/// Random tasks, two thirds of them with random usages of a few resources.
SharedGraph random_shared_graph(std::uint32_t seed, std::size_t tasks, double capacity) {
  SharedGraph graph{.plain = test::random_graph(seed, tasks)};
  std::mt19937 random(seed + 1000);
  const auto below = [&random](std::size_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  graph.capacities.assign(1 + below(4), capacity);
  for (std::uint32_t count = 1 + below(6); count > 0; --count) {
    Usage usage{.priority = below(2), .full_speed = 1.0 + below(2)};
    for (ResourceId j = below(2); j < graph.capacities.size(); j += 1 + below(2)) {
      usage.demands.push_back({j, 1.0 + below(12), below(4) == 0 ? Taking::Held : Taking::ByRate});
    }
    graph.usages.push_back(usage);
  }
  for (Task& one : graph.plain.tasks) {
    if (below(3) > 0) one.usage = 1 + below(graph.usages.size());
  }
  return graph;
}

TaskGraphBuilder builder_with_usages(const SharedGraph& graph) {
  TaskGraphBuilder builder;
  for (const double capacity : graph.capacities) builder.add_resource(capacity);
  for (const Usage& usage : graph.usages) builder.add_usage(usage);
  return builder;
}

constexpr double kScarce = 12;   // the largest demand of one task
constexpr double kAmple = 1000;  // more than six streams can ask for

}  // namespace

TEST_CASE("two transfers on one link take twice as long while both run", "[unit]") {
  TaskGraphBuilder builder;
  const UsageId flow = builder.add_usage({.demands = {{builder.add_resource(25e9), 25e9}}});
  const TaskId short_one = builder.add(task(100, builder.add_stream(), flow));
  const TaskId long_one = builder.add(task(300, builder.add_stream(), flow));
  const Timeline timeline = simulate(std::move(builder).build());
  CHECK(timeline.end[short_one] == Picoseconds(200));
  CHECK(timeline.end[long_one] == Picoseconds(400));  // 100 done by 200, 200 more alone
}

TEST_CASE("a transfer that starts later slows the first from then on", "[unit]") {
  TaskGraphBuilder builder;
  const UsageId flow = builder.add_usage({.demands = {{builder.add_resource(1), 1}}});
  const StreamId second = builder.add_stream();
  const TaskId first = builder.add(task(100, builder.add_stream(), flow));
  builder.add(task(40, second));
  const TaskId later = builder.add(task(100, second, flow));
  const Timeline timeline = simulate(std::move(builder).build());
  CHECK(timeline.end[first] == Picoseconds(40 + 2 * 60));
  CHECK(timeline.end[later] == Picoseconds(160 + 40));  // 60 done by 160
}

TEST_CASE("compute is slowed by the SMs that a collective holds, and recovers", "[unit]") {
  TaskGraphBuilder builder;
  const ResourceId sms = builder.add_resource(108);
  const UsageId compute = builder.add_usage({.demands = {{sms, 108}}, .priority = 1});
  const UsageId collective = builder.add_usage({.demands = {{sms, 16}}, .priority = 0});
  const TaskId gemm = builder.add(task(10'800, builder.add_stream(), compute));
  const TaskId gather = builder.add(task(5'400, builder.add_stream(), collective));
  const TaskGraph graph = std::move(builder).build();
  const Timeline timeline = simulate(graph);
  CHECK(timeline.end[gather] == Picoseconds(5'400));
  CHECK(timeline.end[gemm] == Picoseconds(5'400 + (10'800 - 5'400 * 92 / 108)));
  CHECK(critical_path(graph, timeline) == std::vector<TaskId>{gemm});
}

TEST_CASE("a task of a later class waits while an earlier class takes all, and then runs", "[unit]") {
  TaskGraphBuilder builder;
  const ResourceId link = builder.add_resource(1);
  const TaskId late = builder.add(task(70, builder.add_stream(), builder.add_usage({.demands = {{link, 1}}, .priority = 1})));
  builder.add(task(50, builder.add_stream(), builder.add_usage({.demands = {{link, 1}}, .priority = 0})));
  CHECK(simulate(std::move(builder).build()).end[late] == Picoseconds(120));
}

TEST_CASE("a shared time that is no integer is rounded to the nearest picosecond", "[unit]") {
  // three transfers of 100, 101 and 101 on one link: 3 x 100 = 300, then two halves of 1 more: 302
  TaskGraphBuilder builder;
  const UsageId flow = builder.add_usage({.demands = {{builder.add_resource(1), 1}}});
  std::vector<TaskId> ids;
  for (const std::int64_t duration : {100, 101, 101}) ids.push_back(builder.add(task(duration, builder.add_stream(), flow)));
  const Timeline timeline = simulate(std::move(builder).build());
  CHECK(timeline.end[ids[0]] == Picoseconds(300));
  CHECK(timeline.end[ids[1]] == Picoseconds(302));
  CHECK(timeline.end[ids[2]] == Picoseconds(302));
}

TEST_CASE("sharing can only lengthen, and no resource does more than it can", "[property]") {
  const auto seed = GENERATE(range(1U, 80U));
  CAPTURE(seed);
  const SharedGraph shared = random_shared_graph(seed, 80, kScarce);
  const TaskGraph graph = test::build(shared.plain, builder_with_usages(shared));
  const Timeline timeline = simulate(graph);
  CHECK(timeline.makespan >= longest_path(graph));
  for (TaskId id = 0; id < graph.size(); ++id) CHECK(timeline.end[id] - timeline.start[id] >= graph.tasks[id].duration);
  std::vector<double> work(shared.capacities.size());
  for (const Task& one : graph.tasks) {
    for (const auto& share : graph.sharing.shares_of(one.usage)) {
      work[share.resource] += share.fraction * static_cast<double>(one.duration.count());
    }
  }
  const double rounding = 0.5 * static_cast<double>(graph.size());
  for (const double done : work) CHECK(done <= static_cast<double>(timeline.makespan.count()) + rounding);
}

TEST_CASE("the critical path has no gap where tasks share", "[property]") {
  const auto seed = GENERATE(range(1U, 40U));
  CAPTURE(seed);
  const SharedGraph shared = random_shared_graph(seed, 80, kScarce);
  const TaskGraph graph = test::build(shared.plain, builder_with_usages(shared));
  const Timeline timeline = simulate(graph);
  Picoseconds clock{};
  for (const TaskId id : critical_path(graph, timeline)) {
    CHECK(timeline.start[id] == clock);
    clock = timeline.end[id];
  }
  CHECK(clock == timeline.makespan);
}

TEST_CASE("with ample capacities the event loop and the linear pass agree exactly", "[property]") {
  const auto seed = GENERATE(range(1U, 80U));
  CAPTURE(seed);
  const SharedGraph shared = random_shared_graph(seed, 80, kAmple);
  const TaskGraph graph = test::build(shared.plain, builder_with_usages(shared));
  CHECK_FALSE(may_contend(graph));
  CHECK(simulate_shared(graph) == simulate_unshared(graph));
  CHECK(simulate(graph) == simulate_unshared(graph));
}

TEST_CASE("with scarce capacities the random graphs do contend", "[unit]") {
  int contended = 0;
  for (std::uint32_t seed = 1; seed < 80; ++seed) {
    const SharedGraph shared = random_shared_graph(seed, 80, kScarce);
    const TaskGraph graph = test::build(shared.plain, builder_with_usages(shared));
    const bool slowed = simulate(graph) != simulate_unshared(graph);
    CHECK((may_contend(graph) || !slowed));
    contended += slowed ? 1 : 0;
  }
  CHECK(contended > 40);
}

TEST_CASE("two runs with sharing give the same timeline", "[property]") {
  const auto seed = GENERATE(range(1U, 20U));
  const SharedGraph shared = random_shared_graph(seed, 200, kScarce);
  const TaskGraph graph = test::build(shared.plain, builder_with_usages(shared));
  CHECK(simulate(graph) == simulate(graph));
}

TEST_CASE("the order in which streams are built does not matter where tasks share", "[property]") {
  const auto seed = GENERATE(range(1U, 60U));
  CAPTURE(seed);
  SharedGraph shared = random_shared_graph(seed, 80, kScarce);
  for (auto& extra : shared.plain.extra_streams) extra.clear();
  const Timeline reference = simulate(test::build(shared.plain, builder_with_usages(shared)));
  const test::Rebuilt rebuilt = test::build_stream_by_stream(shared.plain, builder_with_usages(shared));
  const Timeline permuted = simulate(rebuilt.graph);
  for (std::size_t i = 0; i < rebuilt.ids.size(); ++i) {
    CAPTURE(i);
    CHECK(permuted.start[rebuilt.ids[i]] == reference.start[i]);
    CHECK(permuted.end[rebuilt.ids[i]] == reference.end[i]);
  }
}

TEST_CASE("a run that starts later is the same run later", "[property]") {
  const auto seed = GENERATE(range(1U, 40U));
  const std::int64_t delay =
      GENERATE(std::int64_t{1}, std::int64_t{1'000'003}, std::int64_t{50'000'000'000'000});  // the last: 50 s
  CAPTURE(seed, delay);
  const SharedGraph shared = random_shared_graph(seed, 60, kScarce);
  const Timeline reference = simulate(test::build(shared.plain, builder_with_usages(shared)));

  TaskGraphBuilder builder = builder_with_usages(shared);
  std::vector<StreamId> streams;
  for (std::size_t i = 0; i < shared.plain.streams; ++i) streams.push_back(builder.add_stream());
  builder.add_joint(task(delay, 0), streams);
  for (std::size_t i = 0; i < shared.plain.tasks.size(); ++i) test::add_task(builder, shared.plain, i);
  for (const auto& [before, after] : shared.plain.edges) builder.add_edge(before + 1, after + 1);
  const Timeline later = simulate(std::move(builder).build());
  for (std::size_t i = 0; i < reference.start.size(); ++i) {
    CAPTURE(i);
    CHECK(later.start[i + 1] - Picoseconds(delay) == reference.start[i]);
    CHECK(later.end[i + 1] - Picoseconds(delay) == reference.end[i]);
  }
}

TEST_CASE("a shared clock that would overflow is an error", "[unit]") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  TaskGraphBuilder builder;
  const UsageId flow = builder.add_usage({.demands = {{builder.add_resource(1), 1}}});
  SECTION("by two tasks that share") {
    builder.add(task(most / 4 * 3, builder.add_stream(), flow));
    builder.add(task(most / 4 * 3, builder.add_stream(), flow));
  }
  SECTION("by a start at the last time there is") {
    builder.add(task(1, builder.add_stream(), flow));
    const StreamId stream = builder.add_stream();
    builder.add(task(most, stream));
    builder.add(task(1, stream, flow));
  }
  CHECK_THROWS_AS(simulate(std::move(builder).build()), InputError);
}
