// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/contention.hpp"
#include "sim/segment.hpp"
#include "sim/step.hpp"
#include "sim/step_record.hpp"

#include <span>
#include <utility>
#include <vector>

namespace mfusim {

/// A segment put into the step: its tasks have consecutive ids.
struct PlacedSegment {
  TaskId first = 0;
  std::uint32_t item = StepRecord::none;  ///< Of the record; none: the segment is empty.
  const Segment* segment = nullptr;
  [[nodiscard]] TaskId id(SegmentIndex index) const { return first + static_cast<TaskId>(index); }
};

/// Tasks of a placed segment that its result waits for.
[[nodiscard]] std::vector<TaskId> exits_of(const PlacedSegment& placed);
/// The same, behind what `tasks` holds already.
void add_exits(const PlacedSegment& placed, std::vector<TaskId>& tasks);

constexpr std::size_t no_row = static_cast<std::size_t>(-1);

/// The step of a job as tasks on the streams of its simulated ranks: what every builder of sim/ writes into.
/// It only takes notes. They become a task graph by build(), or a step time by fold() (sim/fold.hpp).
class StepGraph {
 public:
  StepGraph(const Cluster& cluster, int ranks);

  [[nodiscard]] StepTable& table() { return record_.table; }
  [[nodiscard]] const StepTable& table() const { return record_.table; }
  [[nodiscard]] int ranks() const { return record_.ranks; }

  /// Puts a segment on a rank; its entry waits for `entry`. The segment must neither move nor change until the last place().
  PlacedSegment place(int rank, const Segment& segment, StepInstance instance, std::span<const TaskId> entry);
  /// Lets the entry of an already placed segment wait for one more task.
  void wait_at_entry(const PlacedSegment& placed, TaskId before);

  /// Adds a single step on a rank, and its row in the table.
  TaskId add(int rank, Step step, StepInstance instance, std::span<const TaskId> after);
  /// The same for a step that occurs often: `row` remembers its place in the table (no_row before the first time).
  TaskId add_row(int rank, const Step& step, std::size_t& row, StepInstance instance, std::span<const TaskId> after);
  /// Adds one step that all ranks take part in on their streams of its kind (the table's row is shared).
  TaskId add_on_all_ranks(Step step, std::span<const TaskId> after);

  /// Notes which passes of each rank repeat, and how many periods of them are not written down.
  void set_repetitions(std::vector<StepRecord::Repetition> repetitions, std::int64_t periods_left_out) {
    record_.repetitions = std::move(repetitions);
    record_.periods_left_out = periods_left_out;
  }

  [[nodiscard]] const StepRecord& record() const { return record_; }
  [[nodiscard]] const Contention& contention() const { return contention_; }

  struct Built {
    TaskGraph graph;
    StepTable steps;
    int ranks;
  };
  /// Every task of the step on its own. Throws std::logic_error where periods are left out.
  [[nodiscard]] Built build() &&;

 private:
  [[nodiscard]] std::uint32_t number_of(const Segment& segment);

  StepRecord record_;
  Contention contention_;
  std::vector<const Segment*> known_;  ///< Segments by number.
};

/// A step's graph with what its labels mean.
using BuiltStep = StepGraph::Built;

[[nodiscard]] constexpr StreamId stream_of(int rank, StreamKind kind) {
  return static_cast<StreamId>(rank * streams_per_rank + static_cast<int>(kind));
}
/// Which rank and which of its queues a stream is.
[[nodiscard]] constexpr int rank_of(StreamId stream) {
  return static_cast<int>(stream) / streams_per_rank;
}
[[nodiscard]] constexpr StreamKind kind_of(StreamId stream) {
  return static_cast<StreamKind>(stream % streams_per_rank);
}

}  // namespace mfusim
