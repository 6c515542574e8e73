// SPDX-License-Identifier: Apache-2.0
#include "sim/engine.hpp"

#include "sim/critical_path.hpp"
#include "sim/task_graph_builder.hpp"
#include "tests/catch.hpp"
#include "tests/sim/engine/random_graph.hpp"

#include <algorithm>
#include <limits>
#include <sstream>

using namespace mfusim;

namespace {

Task task(std::int64_t picoseconds, StreamId stream) {
  return {.duration = Picoseconds(picoseconds), .stream = stream};
}

/// What each stream has to do, joint tasks counted on all their streams.
Picoseconds busiest_stream(const TaskGraph& graph) {
  std::vector<Picoseconds> busy(graph.streams);
  for (const Task& one : graph.tasks) busy[one.stream] += one.duration;
  for (const JointStream& joint : graph.joint_streams) busy[joint.stream] += graph.tasks[joint.task].duration;
  return busy.empty() ? Picoseconds(0) : *std::max_element(busy.begin(), busy.end());
}

/// Stages built one after the other; forward and backward take 3 and 5. All forwards first (GPipe).
TaskGraph pipeline(TaskId stages, TaskId micro_batches) {
  TaskGraphBuilder builder(2 * stages * micro_batches);
  const auto id = [&](TaskId stage, TaskId slot) { return stage * 2 * micro_batches + slot; };
  for (TaskId stage = 0; stage < stages; ++stage) {
    const StreamId stream = builder.add_stream();
    for (TaskId slot = 0; slot < 2 * micro_batches; ++slot) builder.add(task(slot < micro_batches ? 3 : 5, stream));
    for (TaskId slot = 0; slot < micro_batches && stage > 0; ++slot) {
      builder.add_edge(id(stage - 1, slot), id(stage, slot));
      builder.add_edge(id(stage, micro_batches + slot), id(stage - 1, micro_batches + slot));
    }
  }
  return std::move(builder).build();
}

}  // namespace

TEST_CASE("no tasks take no time", "[unit]") {
  const TaskGraph graph = TaskGraphBuilder().build();
  CHECK(simulate(graph).makespan == Picoseconds(0));
  CHECK(critical_path(graph, simulate(graph)).empty());
  CHECK(longest_path(graph) == Picoseconds(0));
}

TEST_CASE("a task starts when the last task before it ends", "[unit]") {
  TaskGraphBuilder builder;
  const StreamId a = builder.add_stream();
  const StreamId b = builder.add_stream();
  const TaskId left = builder.add(task(5, a));
  const TaskId right = builder.add(task(7, b));
  const TaskId both = builder.add(task(2, a), {right});
  const TaskGraph graph = std::move(builder).build();
  const Timeline timeline = simulate(graph);
  CHECK(timeline.start[left] == Picoseconds(0));
  CHECK(timeline.end[left] == Picoseconds(5));
  CHECK(timeline.start[both] == Picoseconds(7));
  CHECK(timeline.makespan == Picoseconds(9));
  CHECK(critical_path(graph, timeline) == std::vector<TaskId>{right, both});
}

TEST_CASE("a joint task waits for the last of its streams and holds them all", "[unit]") {
  TaskGraphBuilder builder;
  const std::vector<StreamId> streams{builder.add_stream(), builder.add_stream()};
  builder.add(task(5, streams[0]));
  builder.add(task(8, streams[1]));
  const TaskId joint = builder.add_joint(task(10, 0), streams);
  const TaskId after = builder.add(task(1, streams[0]));
  const Timeline timeline = simulate(std::move(builder).build());
  CHECK(timeline.start[joint] == Picoseconds(8));
  CHECK(timeline.start[after] == Picoseconds(18));
}

TEST_CASE("a pipeline of p stages adds p - 1 forward and backward slots to its ideal time", "[property]") {
  const TaskId stages = GENERATE(1U, 2U, 4U, 8U);
  const TaskId micro_batches = GENERATE(1U, 4U, 32U);
  CAPTURE(stages, micro_batches);
  const std::int64_t ideal = std::int64_t{micro_batches} * (3 + 5);
  CHECK(simulate(pipeline(stages, micro_batches)).makespan == Picoseconds(ideal + (stages - 1) * (3 + 5)));
}

TEST_CASE("the makespan is the longest path, and no stream works longer than it", "[property]") {
  const auto seed = GENERATE(range(1U, 60U));
  CAPTURE(seed);
  const TaskGraph graph = test::build(test::random_graph(seed, 80));
  const Timeline timeline = simulate(graph);
  CHECK(timeline.makespan == longest_path(graph));  // streams are edges, so this bound is reached
  CHECK(timeline.makespan >= busiest_stream(graph));
}

TEST_CASE("the critical path covers the step without a gap", "[property]") {
  const auto seed = GENERATE(range(1U, 60U));
  CAPTURE(seed);
  const TaskGraph graph = test::build(test::random_graph(seed, 80));
  const Timeline timeline = simulate(graph);
  Picoseconds clock{};
  for (const TaskId id : critical_path(graph, timeline)) {
    CHECK(timeline.start[id] == clock);
    clock = timeline.end[id];
  }
  CHECK(clock == timeline.makespan);
}

TEST_CASE("the DOT export paints the critical path and nothing else", "[unit]") {
  TaskGraphBuilder builder;
  const StreamId one = builder.add_stream();
  const StreamId other = builder.add_stream();
  const TaskId first = builder.add({.duration = Picoseconds(2), .stream = one});
  const TaskId aside = builder.add({.duration = Picoseconds(1), .stream = other});
  builder.add({.duration = Picoseconds(1), .stream = one}, {first, aside});
  const TaskGraph graph = std::move(builder).build();
  std::ostringstream out;
  write_dot(out, graph, simulate(graph), [](TaskId task) { return std::to_string(task); });
  CHECK_THAT(out.str(), ContainsSubstring("0[label=0, color=red];"));
  CHECK_THAT(out.str(), ContainsSubstring("1[label=1];"));
  CHECK_THAT(out.str(), ContainsSubstring("2[label=2, color=red];"));
  CHECK_THAT(out.str(), ContainsSubstring("0->2 [color=red];"));
  CHECK_THAT(out.str(), ContainsSubstring("1->2 ;"));
}

TEST_CASE("the critical path refuses a timeline of another graph", "[unit]") {
  const TaskGraph graph = pipeline(2, 2);
  CHECK_THROWS_AS(critical_path(graph, simulate(pipeline(2, 3))), std::logic_error);
  Timeline late = simulate(graph);
  for (Picoseconds& start : late.start) start += Picoseconds(1);
  CHECK_THROWS_AS(critical_path(graph, late), std::logic_error);
}

TEST_CASE("shorter tasks never lengthen the step", "[property]") {
  const auto seed = GENERATE(range(1U, 40U));
  CAPTURE(seed);
  TaskGraph graph = test::build(test::random_graph(seed, 80));
  const Picoseconds before = simulate(graph).makespan;
  SECTION("all at twice the rate") {
    for (Task& one : graph.tasks) one.duration /= 2;
    const Picoseconds after = simulate(graph).makespan;
    CHECK(after <= before);
  }
  SECTION("one of them") {
    graph.tasks[seed].duration /= 2;
    CHECK(simulate(graph).makespan <= before);
  }
}

TEST_CASE("two runs give the same timeline", "[property]") {
  const auto seed = GENERATE(range(1U, 20U));
  const TaskGraph graph = test::build(test::random_graph(seed, 200));
  CHECK(simulate(graph) == simulate(graph));
}

TEST_CASE("the order in which streams are built does not matter", "[property]") {
  const auto seed = GENERATE(range(1U, 40U));
  CAPTURE(seed);
  test::RandomGraph plain = test::random_graph(seed, 80);
  for (auto& extra : plain.extra_streams) extra.clear();
  const Timeline reference = simulate(test::build(plain));

  const test::Rebuilt rebuilt = test::build_stream_by_stream(plain);
  const Timeline permuted = simulate(rebuilt.graph);
  for (std::size_t i = 0; i < rebuilt.ids.size(); ++i) {
    CAPTURE(i);
    CHECK(permuted.start[rebuilt.ids[i]] == reference.start[i]);
    CHECK(permuted.end[rebuilt.ids[i]] == reference.end[i]);
  }
}

TEST_CASE("a clock that would overflow is an error, one that just fits is not", "[unit]") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  TaskGraphBuilder builder;
  const StreamId stream = builder.add_stream();
  builder.add(task(most - 1, stream));
  SECTION("fits") {
    builder.add(task(1, stream));
    CHECK(simulate(std::move(builder).build()).makespan == Picoseconds(most));
  }
  SECTION("does not") {
    builder.add(task(2, stream));
    CHECK_THROWS_WITH(simulate(std::move(builder).build()), "task 1: ends after more than 2^63 ps (106 days)");
  }
}
