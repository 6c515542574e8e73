// SPDX-License-Identifier: Apache-2.0
#include "sim/engine_linear.hpp"

#include "base/input_error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {

namespace {

/// Ends a task whose start is known and moves the starts of those after it.
void run_task(const TaskGraph& graph, TaskId task, Timeline& timeline) {
  std::int64_t end = 0;
  if (__builtin_add_overflow(timeline.start[task].count(), graph.tasks[task].duration.count(), &end)) throw_clock_overflow(task);
  timeline.end[task] = Picoseconds(end);
  timeline.makespan = std::max(timeline.makespan, Picoseconds(end));
  for (const TaskId next : graph.successors_of(task)) timeline.start[next] = std::max(timeline.start[next], Picoseconds(end));
}

}  // namespace

void throw_clock_overflow(TaskId task) {
  throw InputError(fmt::format("task {}: ends after more than 2^63 ps (106 days)", task));
}

Timeline simulate_unshared(const TaskGraph& graph) {
  const auto size = static_cast<TaskId>(graph.size());
  Timeline timeline;
  timeline.start.resize(size);
  timeline.end.resize(size);
  if (graph.order.empty()) {
    for (TaskId task = 0; task < size; ++task) run_task(graph, task, timeline);
  } else {
    for (const TaskId task : graph.order) run_task(graph, task, timeline);
  }
  return timeline;
}

}  // namespace mfusim
