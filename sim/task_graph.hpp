// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "sim/sharing.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace mfusim {

using TaskId = std::uint32_t;
using StreamId = std::uint32_t;

/// A task runs for `duration` when nothing shares what it uses. The engine knows nothing of what it means:
/// `label` and `instance` belong to whoever built the graph.
struct Task {
  Picoseconds duration{};
  StreamId stream = 0;
  std::uint32_t label = 0;
  std::uint32_t instance = 0;
  UsageId usage = 0;  ///< What it takes of shared resources while it runs; 0: nothing.
};

/// A further stream that a joint task occupies, beside its own `Task::stream`.
struct JointStream {
  TaskId task = 0;
  StreamId stream = 0;
};

/// Tasks and the order between them, in flat arrays; made by TaskGraphBuilder, which promises that ids are in range and that
/// there is no cycle. An in-order stream is nothing but edges here: each task follows the one before it on its stream.
struct TaskGraph {
  std::vector<Task> tasks;
  std::vector<std::uint32_t> first_successor{0};  ///< Of task t: successors[first_successor[t] .. first_successor[t + 1]).
  std::vector<TaskId> successors;
  std::vector<std::uint32_t> in_degrees;
  std::vector<TaskId> order;               ///< A topological order; empty where the ids already are one.
  std::vector<JointStream> joint_streams;  ///< By task; none for tasks that occupy one stream.
  std::size_t streams = 0;
  SharingModel sharing;

  [[nodiscard]] std::size_t size() const { return tasks.size(); }
  [[nodiscard]] std::span<const TaskId> successors_of(TaskId task) const {
    return std::span(successors).subspan(first_successor[task], first_successor[task + 1] - first_successor[task]);
  }
};

/// Most memory that building and simulating such a graph, and breaking its time down, takes at one time, to be asked before
/// building. All tasks are taken to be of one rank, the worst case for the breakdown, which reads one.
/// Streams and usages are few beside tasks and are not counted.
[[nodiscard]] Bytes estimated_memory(std::size_t tasks, std::size_t edges);

/// Writes the graph in Graphviz's DOT language, one node a task with the text that `label` gives.
void write_dot(std::ostream& out, const TaskGraph& graph, const std::function<std::string(TaskId)>& label);

}  // namespace mfusim
