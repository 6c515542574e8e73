// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/segment.hpp"
#include "sim/task_graph.hpp"

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace mfusim {

/// A step as its builder wrote it down: segments and single steps in program order, with what they wait for; the tasks of a
/// segment are not copied yet. Tasks have the ids that they would have in the full graph.
struct StepRecord {
  static constexpr std::uint32_t none = static_cast<std::uint32_t>(-1);
  static constexpr std::int32_t all_ranks = -1;

  struct Item {
    TaskId first = 0;              ///< Id of its first task.
    std::uint32_t instance = 0;    ///< Of its tasks, packed.
    std::int32_t rank = 0;         ///< Or all_ranks.
    std::uint32_t segment = none;  ///< In `segments`; none: a single step.
    std::uint32_t row = none;      ///< Of a single step.
    std::uint32_t first_wait = 0;  ///< What it waits for: waits[first_wait .. last_wait).
    std::uint32_t last_wait = 0;
    std::uint32_t late_wait = none;  ///< The last of its waits that were added later, in `late_waits`.
  };
  struct LateWait {
    TaskId before = 0;
    std::uint32_t item = 0;  ///< That holds it.
    std::uint32_t previous = none;
  };

  /// Which passes of a rank repeat, by their place among its segments: each comes again `period` passes later, and hangs on
  /// others in the same way. More micro-batches mean more of them, and change nothing else about the rank.
  struct Repetition {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  ///< Behind the last one.
    std::uint32_t period = 0;
  };

  int ranks = 0;
  StepTable table;
  std::vector<Item> items;
  std::vector<TaskId> waits;
  std::vector<std::uint32_t> wait_items;  ///< That hold them.
  std::vector<LateWait> late_waits;
  std::deque<Segment> segments;
  TaskId tasks = 0;
  std::vector<Repetition> repetitions;  ///< By rank; empty: none is known.
  std::int64_t periods_left_out = 0;    ///< Periods that the step has and that are not written down.

  /// Appends an item of `size` tasks; its waits are the last of `waits`.
  void append(Item item, std::size_t size, std::span<const TaskId> after);
  /// The item that holds a task.
  [[nodiscard]] std::uint32_t item_of(TaskId task) const {
    std::uint32_t item = item_of_block_[task / block];
    while (item + 1 < items.size() && items[item + 1].first <= task) ++item;
    return item;
  }
  [[nodiscard]] std::span<const TaskId> waits_of(const Item& item) const {
    return std::span(waits).subspan(item.first_wait, item.last_wait - item.first_wait);
  }
  /// Calls `visit(task, item)` for each task that an item waits for, and the item that holds it, until one gives false; gives
  /// whether none did.
  template <class Visit>
  [[nodiscard]] bool all_waits(const Item& item, Visit visit) const {
    for (std::uint32_t wait = item.first_wait; wait < item.last_wait; ++wait) {
      if (!visit(waits[wait], wait_items[wait])) return false;
    }
    for (std::uint32_t wait = item.late_wait; wait != none; wait = late_waits[wait].previous) {
      if (!visit(late_waits[wait].before, late_waits[wait].item)) return false;
    }
    return true;
  }

 private:
  /// The same, tried first among the last items.
  [[nodiscard]] std::uint32_t recent_item_of(TaskId task) const;

  static constexpr TaskId block = 64;
  std::vector<std::uint32_t> item_of_block_;  ///< Of the first task of each block of ids.
};

}  // namespace mfusim
