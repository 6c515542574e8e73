// SPDX-License-Identifier: Apache-2.0
#include "sim/task_graph.hpp"

#include "sim/task_graph_boost.hpp"

#include <boost/graph/graphviz.hpp>

#include <algorithm>
#include <ostream>

namespace mfusim {

Bytes estimated_memory(std::size_t tasks, std::size_t edges) {
  constexpr double index = sizeof(TaskId);
  const auto task_count = static_cast<double>(tasks);
  const auto edge_count = static_cast<double>(edges);
  const double graph = task_count * (sizeof(Task) + 2 * index) + edge_count * index;
  const double building = edge_count * 2 * index;                                           // the list of pairs
  const double running = task_count * (3 * index + 2 * sizeof(Picoseconds));                // order, degrees, timeline
  const double reading = task_count * (2 * sizeof(Picoseconds) + 4 * sizeof(Picoseconds));  // timeline, the breakdown's edges
  return Bytes(graph + std::max({building, running, reading}));
}

void write_dot(std::ostream& out, const TaskGraph& graph, const std::function<std::string(TaskId)>& label) {
  const auto write_label = [&label](std::ostream& stream, TaskId task) {
    stream << "[label=" << boost::escape_dot_string(label(task)) << "]";
  };
  boost::write_graphviz(out, graph, write_label);
}

}  // namespace mfusim
