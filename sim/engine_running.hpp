// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/task_graph.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace mfusim {

/// The tasks that run and share something, by the time at which each will end at its present rate.
///
/// Work left is a double in picoseconds at full rate; it changes only where the rate changes, so tasks that nothing slows
/// end exactly after their duration. An end is rounded to the nearest picosecond: of a task's work at most half a
/// picosecond at its last rate is lost or invented, however often it was re-timed, plus 2^-53 of its duration each time.
///
/// The queue holds for each task a time that its end is never before. An end that moves away stays where it is until its time
/// comes up; only an end that comes nearer is moved at once.
///
/// All in this header, for the event loop alone: calls across files cost it an eighth of its time.
class RunningTasks {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  explicit RunningTasks(std::size_t usages) : first_of_usage_(usages, kNone) {}

  void start(TaskId task, UsageId usage, Picoseconds duration, std::int64_t now, double rate);
  /// All tasks of this usage go on at another rate.
  void change_rate(UsageId usage, std::int64_t now, double rate);

  [[nodiscard]] bool empty() const { return heap_.size() == (has_hole_ ? 1U : 0U); }
  /// kNever: all tasks wait at rate 0, or end after the last time on the clock.
  [[nodiscard]] std::int64_t next_end();
  /// Whether a task ends at `now`, which no task ends before.
  [[nodiscard]] bool ends_at(std::int64_t now);
  /// Removes and returns the task that next_end() or ends_at() found.
  TaskId remove_next();

  /// When work that is left at `now` will be done, on the clock.
  [[nodiscard]] static std::int64_t end_time(std::int64_t now, double left, double rate);

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  struct Slot {
    double left = 0;
    double rate = 0;
    std::int64_t since = 0;  ///< `left` is the work left at this time.
    std::int64_t end = 0;
    UsageId usage = 0;
    std::uint32_t position = 0;  ///< In the heap.
    std::uint32_t next = kNone;  ///< Tasks of one usage form a list.
    std::uint32_t previous = kNone;
  };
  struct Entry {
    std::int64_t time = 0;  ///< At most the slot's `end`.
    TaskId task = 0;
    std::uint32_t slot = 0;
    [[nodiscard]] bool before(const Entry& other) const { return time != other.time ? time < other.time : task < other.task; }
  };

  [[nodiscard]] static std::int64_t end_at_full_rate(std::int64_t now, Picoseconds duration);
  std::uint32_t take_slot();
  void insert(const Entry& entry);
  void fill_hole();
  /// Until the first entry has the time at which its task ends.
  void update_first();
  void place(std::size_t position, const Entry& entry);
  void sift_up(std::size_t position, Entry entry);
  void sift_down(std::size_t position, Entry entry);

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<Entry> heap_;  ///< Binary, the earliest first.
  bool has_hole_ = false;    ///< The first entry is removed, and its place waits for the next insertion.
  std::vector<std::uint32_t> first_of_usage_;
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

inline std::uint32_t RunningTasks::take_slot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

inline void RunningTasks::start(TaskId task, UsageId usage, Picoseconds duration, std::int64_t now, double rate) {
  const std::uint32_t id = take_slot();
  Slot& slot = slots_[id];
  slot.left = static_cast<double>(duration.count());
  slot.rate = rate;
  slot.since = now;
  slot.usage = usage;
  slot.previous = kNone;
  slot.next = first_of_usage_[usage];
  if (slot.next != kNone) slots_[slot.next].previous = id;
  first_of_usage_[usage] = id;
  slot.end = rate == 1 ? end_at_full_rate(now, duration) : end_time(now, slot.left, rate);
  insert({slot.end, task, id});
}

inline void RunningTasks::insert(const Entry& entry) {
  if (has_hole_) {
    has_hole_ = false;
    sift_down(0, entry);
  } else {
    heap_.emplace_back();
    sift_up(heap_.size() - 1, entry);
  }
}

inline void RunningTasks::fill_hole() {
  if (!has_hole_) return;
  has_hole_ = false;
  const Entry moved = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) sift_down(0, moved);
}

inline void RunningTasks::update_first() {
  fill_hole();
  while (!heap_.empty()) {
    Entry entry = heap_.front();
    const std::int64_t end = slots_[entry.slot].end;
    if (entry.time == end) break;
    entry.time = end;
    sift_down(0, entry);
  }
}

inline std::int64_t RunningTasks::next_end() {
  update_first();
  return heap_.empty() ? kNever : heap_.front().time;
}

inline bool RunningTasks::ends_at(std::int64_t now) {
  const std::size_t first = has_hole_ ? 1 : 0;
  const std::size_t last = std::min<std::size_t>(has_hole_ ? 3 : 1, heap_.size());
  for (std::size_t i = first; i < last; ++i) {
    if (heap_[i].time <= now) return next_end() == now;
  }
  return false;
}

inline void RunningTasks::change_rate(UsageId usage, std::int64_t now, double rate) {
  fill_hole();
  for (std::uint32_t id = first_of_usage_[usage]; id != kNone; id = slots_[id].next) {
    Slot& slot = slots_[id];
    if (slot.rate == rate) continue;  // it has just started
    slot.left = std::max(0.0, slot.left - slot.rate * static_cast<double>(now - slot.since));
    slot.rate = rate;
    slot.since = now;
    slot.end = end_time(now, slot.left, rate);
    Entry entry = heap_[slot.position];
    if (slot.end >= entry.time) continue;
    entry.time = slot.end;
    sift_up(slot.position, entry);
  }
}

inline TaskId RunningTasks::remove_next() {
  const Entry first = heap_.front();
  const Slot& slot = slots_[first.slot];
  if (slot.next != kNone) slots_[slot.next].previous = slot.previous;
  if (slot.previous != kNone) {
    slots_[slot.previous].next = slot.next;
  } else {
    first_of_usage_[slot.usage] = slot.next;
  }
  free_slots_.push_back(first.slot);
  has_hole_ = true;
  return first.task;
}

inline void RunningTasks::place(std::size_t position, const Entry& entry) {
  heap_[position] = entry;
  slots_[entry.slot].position = static_cast<std::uint32_t>(position);
}

inline void RunningTasks::sift_up(std::size_t position, Entry entry) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (!entry.before(heap_[parent])) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

inline void RunningTasks::sift_down(std::size_t position, Entry entry) {
  while (true) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

}  // namespace mfusim
