// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/component_rates.hpp"
#include "sim/earliest_tree.hpp"
#include "sim/task_graph.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace mfusim {

/// The tasks that run and share something, by the time at which each will end at its present rate.
///
/// Work left is a double in picoseconds at full rate; it changes only where the rate changes, so tasks that nothing slows
/// end exactly after their duration. An end is rounded to the nearest picosecond: of a task's work at most half a
/// picosecond at its last rate is lost or invented, however often it was re-timed, plus 2^-53 of its duration each time.
///
/// Tasks lie by cell (sim/rate_cells.hpp): what is re-timed together lies together, and only the earliest end of each cell is
/// compared with those of other cells.
///
/// All in this header, for the event loop alone: calls across files cost it an eighth of its time.
class RunningTasks {
 public:
  static constexpr std::int64_t kNever = EarliestTree::kNever;

  explicit RunningTasks(const ComponentRates& rates) : rates_(rates), cells_(rates.cells()), ends_(rates.cells()) {}

  [[nodiscard]] bool empty() const { return running_ == 0; }
  /// As of the last update. kNever: all tasks wait at rate 0, or end after the last time on the clock.
  [[nodiscard]] std::int64_t next_end() const { return ends_.earliest(); }

  /// Removes all tasks that end at next_end(), and adds them to `ended`.
  void remove_next(std::vector<TaskId>& ended);
  void start(TaskId task, UsageId usage, Picoseconds duration, std::int64_t now);
  /// After removals and starts: the tasks of these cells go on at their present rates.
  void update(std::span<const CellId> changed, std::int64_t now);

  /// The lowest number of all.
  [[nodiscard]] TaskId lowest_task() const;

  /// When work that is left at `now` will be done, on the clock.
  [[nodiscard]] static std::int64_t end_time(std::int64_t now, double left, double rate);

 private:
  struct Running {
    std::int64_t end = 0;
    double rate = 0;
    double left = 0;
    std::int64_t since = 0;  ///< `left` is the work left at this time.
    UsageId usage = 0;
    TaskId task = 0;
  };
  struct Cell {
    std::vector<Running> tasks;  ///< In no order.
    bool touched = false;        ///< In `touched_`.
  };

  [[nodiscard]] static std::int64_t end_at_full_rate(std::int64_t now, Picoseconds duration);
  void touch(CellId cell);
  void update_cell(CellId cell, std::int64_t now);

  const ComponentRates& rates_;
  std::vector<Cell> cells_;
  EarliestTree ends_;            ///< The earliest of each cell.
  std::vector<CellId> touched_;  ///< Cells whose earliest end is to be found anew.
  std::size_t running_ = 0;
};

inline std::int64_t RunningTasks::end_time(std::int64_t now, double left, double rate) {
  if (rate <= 0) return kNever;
  const double time = left / rate;
  constexpr double clock_range = 0x1p63;
  if (time >= clock_range) return kNever;
  auto rounded = static_cast<std::int64_t>(time);
  rounded += time - static_cast<double>(rounded) >= 0.5 ? 1 : 0;  // std::llround, which costs a call here
  std::int64_t end = 0;
  return __builtin_add_overflow(now, rounded, &end) ? kNever : end;
}

inline std::int64_t RunningTasks::end_at_full_rate(std::int64_t now, Picoseconds duration) {
  std::int64_t end = 0;
  return __builtin_add_overflow(now, duration.count(), &end) ? kNever : end;
}

inline void RunningTasks::touch(CellId cell) {
  if (cells_[cell].touched) return;
  cells_[cell].touched = true;
  touched_.push_back(cell);
}

inline void RunningTasks::remove_next(std::vector<TaskId>& ended) {
  const std::int64_t now = next_end();
  while (true) {
    const auto cell = CellId{ends_.first()};
    std::vector<Running>& tasks = cells_[cell].tasks;
    for (auto one = tasks.begin(); one != tasks.end();) {
      if (one->end != now) {
        ++one;
        continue;
      }
      ended.push_back(one->task);
      *one = tasks.back();
      tasks.pop_back();
      --running_;
    }
    touch(cell);
    if (ends_.earliest_elsewhere(cell) != now) return;
    ends_.set(cell, kNever);
  }
}

inline void RunningTasks::start(TaskId task, UsageId usage, Picoseconds duration, std::int64_t now) {
  const double rate = rates_.rate(usage);
  const auto left = static_cast<double>(duration.count());
  const std::int64_t end = rate == 1 ? end_at_full_rate(now, duration) : end_time(now, left, rate);
  const CellId cell = rates_.cell_of(usage);
  cells_[cell].tasks.push_back({.end = end, .rate = rate, .left = left, .since = now, .usage = usage, .task = task});
  ++running_;
  touch(cell);
}

inline void RunningTasks::update(std::span<const CellId> changed, std::int64_t now) {
  for (const CellId cell : changed) touch(cell);
  for (const CellId cell : touched_) update_cell(cell, now);
  touched_.clear();
}

inline void RunningTasks::update_cell(CellId cell, std::int64_t now) {
  std::int64_t earliest = kNever;
  for (Running& one : cells_[cell].tasks) {
    const double rate = rates_.rate(one.usage);
    if (one.rate != rate) {
      one.left = std::max(0.0, one.left - one.rate * static_cast<double>(now - one.since));
      one.rate = rate;
      one.since = now;
      one.end = end_time(now, one.left, rate);
    }
    earliest = std::min(earliest, one.end);
  }
  cells_[cell].touched = false;
  ends_.set(cell, earliest);
}

inline TaskId RunningTasks::lowest_task() const {
  TaskId lowest = std::numeric_limits<TaskId>::max();
  for (const Cell& cell : cells_) {
    for (const Running& one : cell.tasks) lowest = std::min(lowest, one.task);
  }
  return lowest;
}

}  // namespace mfusim
