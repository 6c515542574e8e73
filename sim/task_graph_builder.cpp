// SPDX-License-Identifier: Apache-2.0
#include "sim/task_graph_builder.hpp"

#include "sim/task_graph_boost.hpp"

#include <boost/graph/depth_first_search.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

namespace mfusim {

namespace {

constexpr TaskId kNoTask = std::numeric_limits<TaskId>::max();

/// Walks the graph and keeps the first cycle that it meets.
struct CycleFinder : boost::default_dfs_visitor {
  std::vector<TaskId>* parent;
  std::vector<TaskId>* cycle;

  void tree_edge(const TaskEdge& edge, const TaskGraph& graph) const { (*parent)[target(edge, graph)] = edge.source; }
  void back_edge(const TaskEdge& edge, const TaskGraph& graph) const {
    if (!cycle->empty()) return;
    const TaskId first = target(edge, graph);
    for (TaskId task = edge.source; task != first; task = (*parent)[task]) cycle->push_back(task);
    cycle->push_back(first);
    std::reverse(cycle->begin(), cycle->end());
  }
};

[[noreturn]] void throw_cycle(const TaskGraph& graph) {
  std::vector<TaskId> parent(graph.size());
  std::vector<TaskId> cycle;
  CycleFinder finder;
  finder.parent = &parent;
  finder.cycle = &cycle;
  boost::depth_first_search(graph, boost::visitor(finder));
  constexpr std::size_t shown = 8;
  std::string path;
  for (std::size_t i = 0; i < std::min(cycle.size(), shown); ++i) {
    const Task& task = graph.tasks[cycle[i]];
    path += fmt::format("task {} (stream {}, label {}, instance {}) -> ", cycle[i], task.stream, task.label, task.instance);
  }
  if (cycle.size() > shown) path += fmt::format("{} more -> ", cycle.size() - shown);
  throw std::logic_error(fmt::format("the task graph has a cycle: {}task {}", path, cycle.front()));
}

/// Kahn's algorithm. The last task that became ready goes first, which follows a stream as far as it can.
std::vector<TaskId> topological_order(const TaskGraph& graph) {
  std::vector<std::uint32_t> waiting_for = graph.in_degrees;
  std::vector<TaskId> ready;
  for (auto task = static_cast<TaskId>(graph.size()); task-- > 0;) {
    if (waiting_for[task] == 0) ready.push_back(task);
  }
  std::vector<TaskId> order;
  order.reserve(graph.size());
  while (!ready.empty()) {
    const TaskId task = ready.back();
    ready.pop_back();
    order.push_back(task);
    for (const TaskId next : graph.successors_of(task)) {
      if (--waiting_for[next] == 0) ready.push_back(next);
    }
  }
  if (order.size() != graph.size()) throw_cycle(graph);
  return order;
}

}  // namespace

TaskGraphBuilder::TaskGraphBuilder(std::size_t expected_tasks) {
  tasks_.reserve(expected_tasks);
  edges_.reserve(2 * expected_tasks);
}

StreamId TaskGraphBuilder::add_stream() {
  last_on_stream_.push_back(kNoTask);
  return static_cast<StreamId>(last_on_stream_.size() - 1);
}

ResourceId TaskGraphBuilder::add_resource(double capacity) {
  if (!(capacity > 0) || !std::isfinite(capacity)) {
    throw std::logic_error(
        fmt::format("capacity of resource {}: expected a positive number, got {}", capacities_.size(), capacity));
  }
  capacities_.push_back(capacity);
  sharing_.resources = capacities_.size();
  return static_cast<ResourceId>(capacities_.size() - 1);
}

UsageId TaskGraphBuilder::add_usage(const Usage& usage) {
  return mfusim::add_usage(sharing_, capacities_, usage);
}

TaskId TaskGraphBuilder::append(const Task& task) {
  const std::size_t id = tasks_.size();
  if (id >= kNoTask) throw std::length_error("a task graph holds at most 2^32 - 1 tasks");
  if (task.duration < Picoseconds::zero()) {
    throw std::logic_error(fmt::format("task {}: negative duration of {} ps", id, task.duration.count()));
  }
  if (task.usage >= sharing_.usages()) throw std::logic_error(fmt::format("task {}: no usage {}", id, task.usage));
  tasks_.push_back(task);
  return static_cast<TaskId>(id);
}

void TaskGraphBuilder::take_stream(StreamId stream, TaskId task) {
  if (stream >= last_on_stream_.size()) throw std::logic_error(fmt::format("task {}: no stream {}", task, stream));
  const TaskId last = std::exchange(last_on_stream_[stream], task);
  if (last == task) throw std::logic_error(fmt::format("task {}: stream {} given twice", task, stream));
  if (last != kNoTask) add_edge(last, task);
}

TaskId TaskGraphBuilder::add(const Task& task, std::span<const TaskId> after) {
  const TaskId id = append(task);
  const TaskId last = task.stream < last_on_stream_.size() ? last_on_stream_[task.stream] : kNoTask;
  take_stream(task.stream, id);
  for (const TaskId before : after) {
    if (before != last) add_edge(before, id);
  }
  return id;
}

TaskId TaskGraphBuilder::add_joint(const Task& task, std::span<const StreamId> streams, std::span<const TaskId> after) {
  const TaskId id = append(task);
  if (streams.empty()) throw std::logic_error(fmt::format("task {}: a joint task needs a stream", id));
  tasks_.back().stream = streams.front();
  for (const StreamId stream : streams) take_stream(stream, id);
  for (const StreamId stream : streams.subspan(1)) joint_streams_.push_back({id, stream});
  for (const TaskId before : after) add_edge(before, id);
  return id;
}

bool TaskGraphBuilder::count_degrees(TaskGraph& graph) const {
  const std::size_t size = graph.size();
  bool ascending = true;
  for (const auto [before, after] : edges_) {
    if (before >= size || after >= size) {
      throw std::logic_error(fmt::format("edge {} -> {}: there are only {} tasks", before, after, size));
    }
    ascending &= before < after;
    ++graph.first_successor[before];
    ++graph.in_degrees[after];
  }
  return ascending;
}

TaskGraph TaskGraphBuilder::build() && {
  if (edges_.size() >= std::numeric_limits<std::uint32_t>::max())
    throw std::length_error("a task graph holds at most 2^32 - 2 edges");
  TaskGraph graph;
  graph.tasks = std::move(tasks_);
  graph.joint_streams = std::move(joint_streams_);
  graph.streams = last_on_stream_.size();
  graph.sharing = std::move(sharing_);
  graph.first_successor.assign(graph.size() + 1, 0);
  graph.in_degrees.assign(graph.size(), 0);
  const bool ascending = count_degrees(graph);
  std::inclusive_scan(graph.first_successor.begin(), graph.first_successor.end(), graph.first_successor.begin());
  graph.successors.resize(edges_.size());
  // Backwards, so that each task's successors stay in the order in which they were added.
  for (auto edge = edges_.rbegin(); edge != edges_.rend(); ++edge) {
    graph.successors[--graph.first_successor[edge->before]] = edge->after;
  }
  edges_ = {};
  if (!ascending) graph.order = topological_order(graph);
  return graph;
}

}  // namespace mfusim
