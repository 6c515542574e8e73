// SPDX-License-Identifier: Apache-2.0
#include "sim/steady_state.hpp"

#include <algorithm>

namespace mfusim {
namespace {

std::size_t rank_of_task(const BuiltStep& step, TaskId task) {
  return static_cast<std::size_t>(rank_of(step.graph.tasks[task].stream));
}

StreamKind stream_kind(const BuiltStep& step, TaskId task) {
  return kind_of(step.graph.tasks[task].stream);
}

/// When each rank's first kernel starts.
std::vector<Picoseconds> first_kernels(const BuiltStep& step, const Timeline& timeline) {
  std::vector<Picoseconds> first(static_cast<std::size_t>(step.ranks), timeline.makespan);
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    if (stream_kind(step, task) != StreamKind::Compute) continue;
    Picoseconds& start = first[rank_of_task(step, task)];
    start = std::min(start, timeline.start[task]);
  }
  return first;
}

/// When each rank has to begin its step: its first kernel, less what it loads and gathers before that. The host's launches run
/// ahead.
std::vector<Picoseconds> beginnings(const BuiltStep& step, const Timeline& timeline) {
  const std::vector<Picoseconds> first = first_kernels(step, timeline);
  std::vector<Picoseconds> before(first.size());
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const std::size_t rank = rank_of_task(step, task);
    const StreamKind kind = stream_kind(step, task);
    if (kind == StreamKind::Compute || kind == StreamKind::Host || timeline.end[task] > first[rank]) continue;
    before[rank] = std::max(before[rank], timeline.end[task]);
  }
  for (std::size_t rank = 0; rank < first.size(); ++rank) before[rank] = first[rank] - before[rank];
  return before;
}

}  // namespace

Timeline without_barrier(const BuiltStep& step, const Timeline& timeline) {
  const std::vector<Picoseconds> begin = beginnings(step, timeline);
  Timeline own = timeline;
  own.makespan = Picoseconds{};
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const Picoseconds start = begin[rank_of_task(step, task)];
    own.start[task] = std::max(Picoseconds{}, timeline.start[task] - start);
    own.end[task] = std::max(Picoseconds{}, timeline.end[task] - start);
    own.makespan = std::max(own.makespan, own.end[task]);
  }
  return own;
}

}  // namespace mfusim
