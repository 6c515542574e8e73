// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/contention.hpp"
#include "sim/segment.hpp"
#include "sim/step.hpp"
#include "sim/task_graph_builder.hpp"

#include <span>
#include <vector>

namespace mfusim {

/// A segment put into the graph: its tasks have consecutive ids.
struct PlacedSegment {
  TaskId first = 0;
  const Segment* segment = nullptr;
  [[nodiscard]] TaskId id(SegmentIndex index) const { return first + static_cast<TaskId>(index); }
};

/// Tasks of a placed segment that its result waits for.
[[nodiscard]] std::vector<TaskId> exits_of(const PlacedSegment& placed);

constexpr std::size_t no_row = static_cast<std::size_t>(-1);

/// The step of a job as tasks on the streams of its simulated ranks: what every builder of sim/ writes into.
class StepGraph {
 public:
  StepGraph(const Cluster& cluster, int ranks, std::size_t expected_tasks);

  [[nodiscard]] StepTable& table() { return table_; }
  [[nodiscard]] int ranks() const { return ranks_; }

  /// Copies a segment onto a rank; its entry waits for `entry`.
  PlacedSegment place(int rank, const Segment& segment, StepInstance instance, std::span<const TaskId> entry);
  /// Lets the entry of an already placed segment wait for one more task.
  void wait_at_entry(const PlacedSegment& placed, TaskId before);

  /// Adds a single step on a rank, and its row in the table.
  TaskId add(int rank, Step step, StepInstance instance, std::span<const TaskId> after);
  /// The same for a step that occurs often: `row` remembers its place in the table (no_row before the first time).
  TaskId add_row(int rank, const Step& step, std::size_t& row, StepInstance instance, std::span<const TaskId> after);
  /// Adds one step that all ranks take part in on their streams of its kind (the table's row is shared).
  TaskId add_on_all_ranks(Step step, std::span<const TaskId> after);

  struct Built {
    TaskGraph graph;
    StepTable steps;
    int ranks;
  };
  [[nodiscard]] Built build() &&;

 private:
  [[nodiscard]] Task task_of(int rank, std::uint32_t step, StepInstance instance);

  int ranks_;
  StepTable table_;
  TaskGraphBuilder builder_;
  Contention contention_;
  std::vector<TaskId> after_;  ///< Reused between tasks.
};

/// A step's graph with what its labels mean.
using BuiltStep = StepGraph::Built;

/// Which rank and which of its queues a stream is.
[[nodiscard]] constexpr int rank_of(StreamId stream) {
  return static_cast<int>(stream) / streams_per_rank;
}
[[nodiscard]] constexpr StreamKind kind_of(StreamId stream) {
  return static_cast<StreamKind>(stream % streams_per_rank);
}

}  // namespace mfusim
