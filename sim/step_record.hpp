// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/segment.hpp"
#include "sim/task_graph.hpp"

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace mfusim {

/// A task of a recorded step: the item that holds it, and its place there.
struct StepTask {
  std::uint32_t item = 0;
  std::uint32_t index = 0;
  friend bool operator==(const StepTask&, const StepTask&) = default;
};

/// A step as its builder wrote it down: segments and single steps in program order, with what they wait for; the tasks of a
/// segment are not copied yet.
struct StepRecord {
  static constexpr std::uint32_t none = static_cast<std::uint32_t>(-1);
  static constexpr std::int32_t all_ranks = -1;

  struct Item {
    TaskId first = 0;              ///< Id of its first task in the full graph.
    std::uint32_t instance = 0;    ///< Of its tasks, packed.
    std::int32_t rank = 0;         ///< Or all_ranks.
    std::uint32_t segment = none;  ///< In `segments`; none: a single step.
    std::uint32_t row = none;      ///< Of a single step.
    std::uint32_t first_wait = 0;  ///< What it waits for: waits[first_wait .. last_wait).
    std::uint32_t last_wait = 0;
    std::uint32_t late_wait = none;  ///< The last of its waits that were added later, in `late_waits`.
  };
  struct LateWait {
    StepTask before;
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
  std::vector<StepTask> waits;
  std::vector<LateWait> late_waits;
  std::vector<const Segment*> segments;
  std::vector<std::uint8_t> segments_outlive;  ///< By segment: whether it outlives the record.
  std::deque<Segment> own_segments;            ///< Those that do not.
  TaskId tasks = 0;
  std::vector<Repetition> repetitions;  ///< By rank; empty: none is known.
  std::int64_t periods_left_out = 0;    ///< Periods that the step has and that are not written down.

  /// Whether the segment of that number goes on when the record ends.
  [[nodiscard]] bool outlived_by(std::uint32_t segment) const { return segments_outlive[segment] != 0; }
  /// Makes room for so many items with two waits each.
  void reserve(std::size_t more) {
    items.reserve(items.size() + more);
    waits.reserve(waits.size() + 2 * more);
    late_waits.reserve(late_waits.size() + more);
  }
  /// Appends an item of `size` tasks that waits for `after`; gives its number.
  std::uint32_t append(Item item, std::size_t size, std::span<const StepTask> after) {
    item.first = tasks;
    item.first_wait = static_cast<std::uint32_t>(waits.size());
    for (const StepTask before : after) waits.push_back(before);
    item.last_wait = static_cast<std::uint32_t>(waits.size());
    tasks += static_cast<TaskId>(size);
    items.push_back(item);
    return static_cast<std::uint32_t>(items.size()) - 1;
  }
  /// The id of a task in the full graph.
  [[nodiscard]] TaskId id_of(StepTask task) const { return items[task.item].first + task.index; }
  [[nodiscard]] std::span<const StepTask> waits_of(const Item& item) const {
    return std::span(waits).subspan(item.first_wait, item.last_wait - item.first_wait);
  }
  /// Calls `visit(task)` for each task that an item waits for until one gives false; gives whether none did.
  template <class Visit>
  [[nodiscard]] bool all_waits(const Item& item, Visit visit) const {
    for (std::uint32_t wait = item.first_wait; wait < item.last_wait; ++wait) {
      if (!visit(waits[wait])) return false;
    }
    for (std::uint32_t wait = item.late_wait; wait != none; wait = late_waits[wait].previous) {
      if (!visit(late_waits[wait].before)) return false;
    }
    return true;
  }
};

}  // namespace mfusim
