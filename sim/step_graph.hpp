// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/contention.hpp"
#include "sim/segment.hpp"
#include "sim/step.hpp"
#include "sim/step_record.hpp"

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace mfusim {

/// A segment put into the step.
struct PlacedSegment {
  std::uint32_t item = StepRecord::none;  ///< Of the record; none: the segment is empty.
  const Segment* segment = nullptr;
  [[nodiscard]] StepTask task(SegmentIndex index) const { return {item, static_cast<std::uint32_t>(index)}; }
};

/// Tasks of a placed segment that its result waits for.
[[nodiscard]] std::vector<StepTask> exits_of(const PlacedSegment& placed);
/// The same, behind what `tasks` holds already.
void add_exits(const PlacedSegment& placed, std::vector<StepTask>& tasks);

constexpr std::size_t no_row = static_cast<std::size_t>(-1);

/// The step of a job as tasks on the streams of its simulated ranks: what every builder of sim/ writes into.
/// It only takes notes. They become a task graph by build(), or a step time by fold() (sim/fold.hpp).
class StepGraph {
 public:
  StepGraph(const Cluster& cluster, int ranks);

  [[nodiscard]] StepTable& table() { return record_.table; }
  [[nodiscard]] const StepTable& table() const { return record_.table; }
  [[nodiscard]] int ranks() const { return record_.ranks; }

  /// Makes room for so many segments and single steps: an estimate.
  void reserve(std::size_t items) { record_.reserve(items); }

  /// A segment with its number in the step. It must neither move nor change until it was placed for the last time.
  struct KnownSegment {
    const Segment* segment = nullptr;
    std::uint32_t number = StepRecord::none;  ///< none: it is empty.
  };
  [[nodiscard]] KnownSegment know(const Segment& segment);
  /// The same for one that outlives the step: it is not copied.
  [[nodiscard]] KnownSegment know_lasting(const Segment& segment);
  /// Puts a segment on a rank; its entry waits for `entry`.
  PlacedSegment place(int rank, const KnownSegment& known, StepInstance instance, std::span<const StepTask> entry) {
    PlacedSegment placed{.segment = known.segment};
    if (known.number == StepRecord::none) return placed;
    const StepRecord::Item item{.instance = pack(instance), .rank = rank, .segment = known.number};
    placed.item = record_.append(item, known.segment->tasks.size(), entry);
    return placed;
  }
  PlacedSegment place(int rank, const Segment& segment, StepInstance instance, std::span<const StepTask> entry) {
    return place(rank, know(segment), instance, entry);
  }
  /// The passes of a pipeline, which come before all else on each stream. Once, on a step whose ranks are the stages.
  void set_passes(StepRecord::Passes passes) { record_.passes = std::move(passes); }
  /// Lets a pass wait for one more task, beside what its wiring says.
  void wait_at_entry(std::uint32_t pass, StepTask before) { record_.entry_waits.push_back({pass, before}); }
  /// Lets the entry of an already placed segment wait for one more task.
  void wait_at_entry(const PlacedSegment& placed, StepTask before) {
    if (placed.item == StepRecord::none) return;
    StepRecord::Item& item = record_.items[placed.item];
    record_.late_waits.push_back({before, item.late_wait});
    item.late_wait = static_cast<std::uint32_t>(record_.late_waits.size()) - 1;
  }

  /// Adds a single step on a rank, and its row in the table.
  StepTask add(int rank, Step step, StepInstance instance, std::span<const StepTask> after);
  /// The same for a step that occurs often: `row` remembers its place in the table (no_row before the first time).
  StepTask add_row(int rank, const Step& step, std::size_t& row, StepInstance instance, std::span<const StepTask> after) {
    return add_known_row(rank, know_row(step, row), instance, after);
  }
  /// The same for a row of the table.
  StepTask add_known_row(int rank, std::uint32_t row, StepInstance instance, std::span<const StepTask> after) {
    return {record_.append({.instance = pack(instance), .rank = rank, .row = row}, 1, after), 0};
  }
  /// Its place in the table.
  std::uint32_t know_row(const Step& step, std::size_t& row) {
    if (row == no_row) row = new_row(step);
    return static_cast<std::uint32_t>(row);
  }
  /// Adds one step that all ranks take part in on their streams of its kind (the table's row is shared).
  StepTask add_on_all_ranks(Step step, std::span<const StepTask> after);

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
  [[nodiscard]] std::optional<std::uint32_t> number_of(const Segment& segment) const;
  [[nodiscard]] std::size_t new_row(const Step& step);

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
