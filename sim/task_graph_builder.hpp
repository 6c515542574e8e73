// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/sharing.hpp"
#include "sim/task_graph.hpp"

#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

namespace mfusim {

/// Collects tasks and edges into a TaskGraph. Tasks of one stream run in the order in which they are added, one after the
/// other. Broken promises throw std::logic_error.
class TaskGraphBuilder {
 public:
  explicit TaskGraphBuilder(std::size_t expected_tasks = 0);

  StreamId add_stream();

  /// A resource that tasks share; usages count in the same unit. The capacity must be positive.
  ResourceId add_resource(double capacity);
  UsageId add_usage(const Usage& usage);

  /// Adds a task on `task.stream`; it also waits for each task of `after`.
  TaskId add(const Task& task, std::span<const TaskId> after = {});
  TaskId add(const Task& task, std::initializer_list<TaskId> after) { return add(task, std::span(after.begin(), after.size())); }

  /// Adds one task that occupies several streams at once (a collective, a send and its receive): it starts when all of them
  /// are free and holds all until it ends. `task.stream` becomes the first of them.
  TaskId add_joint(const Task& task, std::span<const StreamId> streams, std::span<const TaskId> after = {});

  /// `after` waits for `before`. Either may be added later; both must exist at build().
  void add_edge(TaskId before, TaskId after) { edges_.push_back({before, after}); }

  [[nodiscard]] std::size_t size() const { return tasks_.size(); }

  /// Sorts the edges and checks them: ids that do not exist and cycles throw std::logic_error, which names tasks on one cycle.
  [[nodiscard]] TaskGraph build() &&;

 private:
  struct Edge {
    TaskId before = 0;
    TaskId after = 0;
  };
  TaskId append(const Task& task);
  void take_stream(StreamId stream, TaskId task);
  /// Counts degrees; returns whether every edge leads to a larger id.
  bool count_degrees(TaskGraph& graph) const;

  std::vector<Task> tasks_;
  std::vector<Edge> edges_;
  std::vector<TaskId> last_on_stream_;
  std::vector<JointStream> joint_streams_;
  std::vector<double> capacities_;
  SharingModel sharing_;
};

}  // namespace mfusim
