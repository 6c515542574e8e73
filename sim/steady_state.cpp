// SPDX-License-Identifier: Apache-2.0
#include "sim/steady_state.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// When each rank's first kernel starts.
std::vector<Picoseconds> first_kernels(const BuiltStep& step, const Timeline& timeline) {
  std::vector<Picoseconds> first(static_cast<std::size_t>(step.ranks), timeline.makespan);
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const StreamId stream = step.graph.tasks[task].stream;
    if (kind_of(stream) != StreamKind::Compute) continue;
    Picoseconds& start = first[static_cast<std::size_t>(rank_of(stream))];
    start = std::min(start, timeline.start[task]);
  }
  return first;
}

}  // namespace

Timeline without_barrier(const BuiltStep& step, const Timeline& timeline) {
  const std::vector<Picoseconds> first = first_kernels(step, timeline);
  Timeline own = timeline;
  own.makespan = Picoseconds{};
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const Picoseconds start = first[static_cast<std::size_t>(rank_of(step.graph.tasks[task].stream))];
    own.start[task] = std::max(Picoseconds{}, timeline.start[task] - start);
    own.end[task] = std::max(Picoseconds{}, timeline.end[task] - start);
    own.makespan = std::max(own.makespan, own.end[task]);
  }
  return own;
}

}  // namespace mfusim
