// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/task_graph_builder.hpp"

#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace mfusim::test {

/// A random graph as plain data, so that one test can build it in several ways. Edges run from a lower to a higher index.
struct RandomGraph {
  std::size_t streams = 0;
  std::vector<Task> tasks;
  std::vector<std::vector<StreamId>> extra_streams;  ///< Not empty: a joint task.
  std::vector<std::pair<TaskId, TaskId>> edges;
};

/// Few streams and small durations with many equal ones and zeros, so that ties and simultaneous events are common.
/// Uses the generator's raw output only: the same graphs with every standard library.
inline RandomGraph random_graph(std::uint32_t seed, std::size_t tasks) {
  std::mt19937 random(seed);
  const auto below = [&random](std::size_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  RandomGraph graph;
  graph.streams = 1 + below(6);
  graph.extra_streams.resize(tasks);
  for (std::size_t i = 0; i < tasks; ++i) {
    graph.tasks.push_back({.duration = Picoseconds(below(3) == 0 ? below(4) : below(1000)), .stream = below(graph.streams)});
    if (below(8) == 0 && graph.streams > 1) {
      graph.extra_streams[i] = {static_cast<StreamId>((graph.tasks[i].stream + 1) % graph.streams)};
    }
    for (std::uint32_t edge = below(3); i > 0 && edge > 0; --edge) {
      graph.edges.emplace_back(below(i), static_cast<TaskId>(i));
    }
  }
  return graph;
}

inline TaskId add_task(TaskGraphBuilder& builder, const RandomGraph& graph, std::size_t index) {
  if (graph.extra_streams[index].empty()) return builder.add(graph.tasks[index]);
  std::vector<StreamId> streams{graph.tasks[index].stream};
  streams.insert(streams.end(), graph.extra_streams[index].begin(), graph.extra_streams[index].end());
  return builder.add_joint(graph.tasks[index], streams);
}

/// Tasks in order of their index; ids are indices.
inline TaskGraph build(const RandomGraph& graph, TaskGraphBuilder builder = TaskGraphBuilder(0)) {
  for (std::size_t i = 0; i < graph.streams; ++i) builder.add_stream();
  for (std::size_t i = 0; i < graph.tasks.size(); ++i) add_task(builder, graph, i);
  for (const auto& [before, after] : graph.edges) builder.add_edge(before, after);
  return std::move(builder).build();
}

struct Rebuilt {
  TaskGraph graph;
  std::vector<TaskId> ids;  ///< By index in the RandomGraph.
};

/// The same graph, one stream after the other, the last first: the order within each stream stays, ids and the directions
/// of edges change. Joint tasks would not survive this: their order on several streams is that of the ids.
inline Rebuilt build_stream_by_stream(const RandomGraph& graph, TaskGraphBuilder builder = TaskGraphBuilder(0)) {
  for (std::size_t i = 0; i < graph.streams; ++i) builder.add_stream();
  std::vector<TaskId> ids(graph.tasks.size());
  for (auto stream = static_cast<StreamId>(graph.streams); stream-- > 0;) {
    for (std::size_t i = 0; i < graph.tasks.size(); ++i) {
      if (graph.tasks[i].stream == stream) ids[i] = add_task(builder, graph, i);
    }
  }
  for (const auto& [before, after] : graph.edges) builder.add_edge(ids[before], ids[after]);
  return {std::move(builder).build(), std::move(ids)};
}

}  // namespace mfusim::test
