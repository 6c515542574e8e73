// SPDX-License-Identifier: Apache-2.0
#include "sim/engine_events.hpp"

#include "sim/component_rates.hpp"
#include "sim/engine_linear.hpp"
#include "sim/engine_running.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <utility>
#include <vector>

namespace mfusim {

namespace {

struct Start {
  std::int64_t time = 0;
  TaskId task = 0;
  auto operator<=>(const Start&) const = default;
};

class EventLoop {
 public:
  explicit EventLoop(const TaskGraph& graph)
      : graph_(graph), waiting_for_(graph.in_degrees), rates_(graph.sharing), running_(rates_) {
    timeline_.start.resize(graph.size());
    timeline_.end.resize(graph.size());
  }

  Timeline run() {
    for (TaskId task = 0; task < graph_.size(); ++task) {
      if (graph_.in_degrees[task] == 0) release(task);
    }
    complete_all();
    while (!starts_.empty() || !running_.empty()) {
      now_ = std::min(starts_.empty() ? RunningTasks::kNever : starts_.top().time, running_.next_end());
      if (now_ == RunningTasks::kNever) throw_clock_overflow(running_.empty() ? starts_.top().task : running_.lowest_task());
      take_events();
      apply_rates();
    }
    return std::move(timeline_);
  }

 private:
  /// All that starts or ends now. An end may release tasks that start now, and tasks of no duration pass at once.
  void take_events() {
    if (running_.next_end() == now_) running_.remove_next(ended_);
    for (const TaskId task : ended_) {
      rates_.end(graph_.tasks[task].usage);
      complete(task, now_);
      complete_all();
    }
    ended_.clear();
    while (!starts_.empty() && starts_.top().time == now_) {
      started_.push_back(starts_.top().task);
      starts_.pop();
    }
    for (const TaskId task : started_) rates_.start(graph_.tasks[task].usage);
  }

  void apply_rates() {
    const std::span<const CellId> changed = rates_.update();
    for (const TaskId task : started_) {
      const Task& one = graph_.tasks[task];
      running_.start(task, one.usage, one.duration, now_);
      prefetch_successors(task);
    }
    started_.clear();
    running_.update(changed, now_);
  }

  /// What the loop looks at when this task ends, often hundreds of events later: with many streams caches do not foresee it.
  /// Inlined by force, since to GCC 12 a function that only prefetches does nothing, and it drops calls of it.
  [[gnu::always_inline]] inline void prefetch_successors(TaskId task) const {
    for (const TaskId next : graph_.successors_of(task)) {
      __builtin_prefetch(&graph_.tasks[next]);
      __builtin_prefetch(&graph_.first_successor[next]);
      __builtin_prefetch(&waiting_for_[next]);
      __builtin_prefetch(&timeline_.start[next]);
      __builtin_prefetch(&timeline_.end[next]);
    }
  }

  /// All that `task` waited for has a known end.
  void release(TaskId task) {
    const Task& one = graph_.tasks[task];
    const std::int64_t time = timeline_.start[task].count();
    if (one.usage == 0 || one.duration == Picoseconds::zero()) {
      passing_.push_back(task);
    } else if (time == now_) {
      started_.push_back(task);
    } else {
      starts_.push({time, task});
    }
  }

  void complete(TaskId task, std::int64_t time) {
    const Picoseconds end(time);
    timeline_.end[task] = end;
    timeline_.makespan = std::max(timeline_.makespan, end);
    for (const TaskId next : graph_.successors_of(task)) {
      timeline_.start[next] = std::max(timeline_.start[next], end);
      if (--waiting_for_[next] == 0) release(next);
    }
  }

  /// Tasks that share nothing: their end is known as soon as their start is.
  void complete_all() {
    while (!passing_.empty()) {
      const TaskId task = passing_.back();
      passing_.pop_back();
      std::int64_t end = 0;
      if (__builtin_add_overflow(timeline_.start[task].count(), graph_.tasks[task].duration.count(), &end))
        throw_clock_overflow(task);
      complete(task, end);
    }
  }

  const TaskGraph& graph_;
  std::vector<std::uint32_t> waiting_for_;
  Timeline timeline_;
  ComponentRates rates_;
  RunningTasks running_;
  std::int64_t now_ = -1;        ///< Before the first event: even a start at 0 is in the future.
  std::vector<TaskId> passing_;  ///< Released tasks that share nothing.
  std::vector<TaskId> ended_;    ///< Tasks that end now and shared something.
  std::vector<TaskId> started_;  ///< Tasks that start now and share something.
  std::priority_queue<Start, std::vector<Start>, std::greater<>> starts_;  ///< The same, later.
};

}  // namespace

Timeline simulate_shared(const TaskGraph& graph) {
  return EventLoop(graph).run();
}

bool may_contend(const TaskGraph& graph) {
  constexpr std::size_t largest_table = std::size_t{1} << 26U;  // of bits
  const SharingModel& sharing = graph.sharing;
  if (sharing.shares.empty()) return false;
  if (graph.streams > largest_table / sharing.usages()) return true;
  std::vector<bool> seen(graph.streams * sharing.usages());
  std::map<std::pair<StreamId, ResourceId>, double> most;  // a stream runs one task at a time
  std::vector<double> demand(sharing.resources);
  for (const Task& task : graph.tasks) {
    const std::size_t cell = task.stream * sharing.usages() + task.usage;
    if (task.usage == 0 || seen[cell]) continue;
    seen[cell] = true;
    for (const auto& share : sharing.shares_of(task.usage)) {
      double& of_stream = most[{task.stream, share.resource}];
      demand[share.resource] += std::max(0.0, share.fraction - of_stream);
      of_stream = std::max(of_stream, share.fraction);
      if (demand[share.resource] > 1 + kSharingTolerance / 2) return true;
    }
  }
  return false;
}

}  // namespace mfusim
