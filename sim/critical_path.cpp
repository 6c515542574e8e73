// SPDX-License-Identifier: Apache-2.0
#include "sim/critical_path.hpp"

#include "sim/task_graph_boost.hpp"

#include <boost/graph/graphviz.hpp>
#include <boost/graph/topological_sort.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace mfusim {

namespace {

constexpr TaskId kNoCause = std::numeric_limits<TaskId>::max();

/// For each task the smallest predecessor that ended when it started.
std::vector<TaskId> causes(const TaskGraph& graph, const Timeline& timeline) {
  std::vector<TaskId> cause(graph.size(), kNoCause);
  for (TaskId task = 0; task < graph.size(); ++task) {
    for (const TaskId next : graph.successors_of(task)) {
      if (timeline.end[task] == timeline.start[next] && cause[next] == kNoCause) cause[next] = task;
    }
  }
  return cause;
}

}  // namespace

std::vector<TaskId> critical_path(const TaskGraph& graph, const Timeline& timeline) {
  if (timeline.start.size() != graph.size() || timeline.end.size() != graph.size()) {
    throw std::logic_error(fmt::format("a timeline of {} tasks for a graph of {}", timeline.end.size(), graph.size()));
  }
  if (graph.size() == 0) return {};
  const std::vector<TaskId> cause = causes(graph, timeline);
  const auto last = std::max_element(timeline.end.begin(), timeline.end.end());
  std::vector<TaskId> path;
  for (auto task = static_cast<TaskId>(last - timeline.end.begin()); task != kNoCause; task = cause[task]) path.push_back(task);
  std::reverse(path.begin(), path.end());
  if (timeline.start[path.front()] != Picoseconds::zero()) {
    throw std::logic_error(
        fmt::format("task {} starts at {} ps and nothing ends then", path.front(), timeline.start[path.front()].count()));
  }
  return path;
}

Picoseconds longest_path(const TaskGraph& graph) {
  std::vector<TaskId> last_to_first;
  last_to_first.reserve(graph.size());
  boost::topological_sort(graph, std::back_inserter(last_to_first));
  std::vector<Picoseconds> rest(graph.size());  // from a task's start to the end of everything that hangs on it
  Picoseconds longest{};
  for (const TaskId task : last_to_first) {
    for (const TaskId next : graph.successors_of(task)) rest[task] = std::max(rest[task], rest[next]);
    rest[task] += graph.tasks[task].duration;
    longest = std::max(longest, rest[task]);
  }
  return longest;
}

void write_dot(std::ostream& out, const TaskGraph& graph, const Timeline& timeline,
               const std::function<std::string(TaskId)>& label) {
  std::vector<TaskId> next_on_path(graph.size(), kNoCause);
  std::vector<char> on_path(graph.size());
  const std::vector<TaskId> path = critical_path(graph, timeline);
  for (std::size_t i = 0; i < path.size(); ++i) {
    on_path[path[i]] = 1;
    if (i + 1 < path.size()) next_on_path[path[i]] = path[i + 1];
  }
  const auto write_task = [&](std::ostream& stream, TaskId task) {
    stream << "[label=" << boost::escape_dot_string(label(task)) << (on_path[task] != 0 ? ", color=red]" : "]");
  };
  const auto write_edge = [&](std::ostream& stream, const TaskEdge& edge) {
    if (next_on_path[edge.source] == target(edge, graph)) stream << "[color=red]";
  };
  boost::write_graphviz(out, graph, write_task, write_edge);
}

}  // namespace mfusim
