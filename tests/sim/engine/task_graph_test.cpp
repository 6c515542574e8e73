// SPDX-License-Identifier: Apache-2.0
#include "sim/task_graph.hpp"

#include "sim/engine.hpp"
#include "sim/task_graph_boost.hpp"
#include "sim/task_graph_builder.hpp"
#include "tests/catch.hpp"
#include "tests/sim/engine/random_graph.hpp"

#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/topological_sort.hpp>

#include <iterator>
#include <sstream>

using namespace mfusim;

BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<TaskGraph>));
BOOST_CONCEPT_ASSERT((boost::IncidenceGraphConcept<TaskGraph>));
BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<TaskGraph>));

namespace {

std::vector<std::pair<TaskId, TaskId>> edge_list(const TaskGraph& graph) {
  std::vector<std::pair<TaskId, TaskId>> list;
  for (auto [edge, last] = edges(graph); edge != last; ++edge) list.emplace_back(source(*edge, graph), target(*edge, graph));
  return list;
}

TaskId add(TaskGraphBuilder& builder, StreamId stream, std::initializer_list<TaskId> after = {}) {
  return builder.add({.duration = Picoseconds(1), .stream = stream}, after);
}

}  // namespace

TEST_CASE("a task follows the one before it on its stream, and what it was told to wait for", "[unit]") {
  TaskGraphBuilder builder;
  const StreamId a = builder.add_stream();
  const StreamId b = builder.add_stream();
  add(builder, a);       // 0
  add(builder, b);       // 1
  add(builder, a, {1});  // 2
  add(builder, b, {0});  // 3
  const TaskGraph graph = std::move(builder).build();
  CHECK(edge_list(graph) == std::vector<std::pair<TaskId, TaskId>>{{0, 2}, {0, 3}, {1, 2}, {1, 3}});
  CHECK(graph.in_degrees == std::vector<std::uint32_t>{0, 0, 2, 2});
  CHECK(graph.order.empty());
}

TEST_CASE("waiting for the task that is before it on the stream anyway costs no second edge", "[unit]") {
  TaskGraphBuilder builder;
  const StreamId stream = builder.add_stream();
  const TaskId first = add(builder, stream);
  add(builder, stream, {first});
  CHECK(std::move(builder).build().successors.size() == 1);
}

TEST_CASE("a joint task follows the last task of each of its streams and becomes the last of each", "[unit]") {
  TaskGraphBuilder builder;
  const std::vector<StreamId> streams{builder.add_stream(), builder.add_stream(), builder.add_stream()};
  for (const StreamId stream : streams) add(builder, stream);                     // 0 1 2
  const TaskId joint = builder.add_joint({.duration = Picoseconds(1)}, streams);  // 3
  for (const StreamId stream : streams) add(builder, stream);                     // 4 5 6
  const TaskGraph graph = std::move(builder).build();
  CHECK(edge_list(graph) == std::vector<std::pair<TaskId, TaskId>>{{0, 3}, {1, 3}, {2, 3}, {3, 4}, {3, 5}, {3, 6}});
  CHECK(graph.tasks[joint].stream == streams[0]);
  REQUIRE(graph.joint_streams.size() == 2);
  CHECK(graph.joint_streams[0].stream == streams[1]);
  CHECK(graph.joint_streams[1].stream == streams[2]);
}

TEST_CASE("edges may lead to tasks with smaller ids: the graph then carries an order", "[unit]") {
  TaskGraphBuilder builder;
  const StreamId first_stage = builder.add_stream();
  const StreamId second_stage = builder.add_stream();
  const TaskId forward = add(builder, first_stage);
  const TaskId backward = add(builder, first_stage);
  const TaskId last = add(builder, second_stage, {forward});
  builder.add_edge(last, backward);
  CHECK(std::move(builder).build().order == std::vector<TaskId>{forward, last, backward});
}

TEST_CASE("the order is topological and agrees with Boost that one exists", "[property]") {
  const auto seed = GENERATE(range(1U, 30U));
  CAPTURE(seed);
  test::RandomGraph plain = test::random_graph(seed, 60);
  const auto size = static_cast<TaskId>(plain.tasks.size());
  TaskGraphBuilder builder;
  for (std::size_t i = 0; i < size; ++i) builder.add_stream();  // a stream each: no order but the edges'
  for (TaskId i = 0; i < size; ++i) add(builder, i);
  for (const auto& [before, after] : plain.edges) builder.add_edge(size - 1 - before, size - 1 - after);  // all backwards
  const TaskGraph graph = std::move(builder).build();

  REQUIRE(graph.order.size() == size);
  std::vector<TaskId> place(size);
  for (TaskId i = 0; i < size; ++i) place[graph.order[i]] = i;
  for (const auto& [before, after] : edge_list(graph)) CHECK(place[before] < place[after]);
  std::vector<TaskId> by_boost;
  boost::topological_sort(graph, std::back_inserter(by_boost));
  CHECK(by_boost.size() == size);
}

TEST_CASE("a cycle is refused and its tasks are named", "[unit]") {
  TaskGraphBuilder builder;
  const StreamId stream = builder.add_stream();
  for (int i = 0; i < 4; ++i) add(builder, stream);
  builder.add_edge(2, 1);
  CHECK_THROWS_WITH(std::move(builder).build(),
                    "the task graph has a cycle: task 1 (stream 0, label 0, instance 0) -> "
                    "task 2 (stream 0, label 0, instance 0) -> task 1");
}

TEST_CASE("a task that waits for itself is a cycle", "[unit]") {
  TaskGraphBuilder builder;
  add(builder, builder.add_stream());
  builder.add_edge(0, 0);
  CHECK_THROWS_AS(std::move(builder).build(), std::logic_error);
}

TEST_CASE("a long cycle names the first tasks and counts the others", "[unit]") {
  TaskGraphBuilder builder;
  const StreamId stream = builder.add_stream();
  for (int i = 0; i < 100; ++i) add(builder, stream);
  builder.add_edge(99, 0);
  CHECK_THROWS_WITH(std::move(builder).build(), ContainsSubstring("-> 92 more -> task 0"));
}

TEST_CASE("the builder refuses what does not exist", "[unit]") {
  TaskGraphBuilder builder;
  const StreamId stream = builder.add_stream();
  CHECK_THROWS_WITH(add(builder, stream + 1), "task 0: no stream 1");
  CHECK_THROWS_WITH(builder.add({.duration = Picoseconds(-1), .stream = stream}), ContainsSubstring("negative duration"));
  CHECK_THROWS_WITH(builder.add({.stream = stream, .usage = 1}), ContainsSubstring("no usage 1"));
  CHECK_THROWS_WITH(builder.add_joint({}, {}), ContainsSubstring("needs a stream"));
  CHECK_THROWS_WITH(builder.add_joint({}, std::vector<StreamId>{0, 0}), ContainsSubstring("given twice"));
  CHECK_THROWS_AS(builder.add_resource(0), std::logic_error);
}

TEST_CASE("an edge to a task that was never added is refused when the graph is built", "[unit]") {
  TaskGraphBuilder builder;
  add(builder, builder.add_stream());
  builder.add_edge(0, 7);
  CHECK_THROWS_WITH(std::move(builder).build(), "edge 0 -> 7: there are only 1 tasks");
}

TEST_CASE("a task costs at most 100 bytes, building and timeline included", "[unit]") {
  CHECK(sizeof(Task) == 24);
  const std::size_t tasks = 1'000'000;
  CHECK(estimated_memory(tasks, 3 * tasks).value() <= 100.0 * tasks);  // the builders make about two edges a task
}

TEST_CASE("the estimate counts the graph, its timeline and two edges of the breakdown a task", "[unit]") {
  const std::size_t tasks = 1'000'000;
  const double graph = sizeof(Task) + 4 * sizeof(TaskId);  // first successor, in degree, two successors
  const double read =
      2 * sizeof(Picoseconds) + 2 * 2 * sizeof(Picoseconds);  // start and end; an edge of the breakdown is two words
  CHECK(estimated_memory(tasks, 2 * tasks).value() == (graph + read) * tasks);
}

TEST_CASE("the DOT export names every task and edge, quoted", "[unit]") {
  TaskGraphBuilder builder;
  const StreamId stream = builder.add_stream();
  add(builder, stream);
  add(builder, stream);
  std::ostringstream out;
  write_dot(out, std::move(builder).build(), [](TaskId task) { return "say \"" + std::to_string(task) + "\""; });
  CHECK(out.str() == "digraph G {\n0[label=\"say \\\"0\\\"\"];\n1[label=\"say \\\"1\\\"\"];\n0->1 ;\n}\n");
}
