// SPDX-License-Identifier: Apache-2.0
#include "sim/step_graph.hpp"

#include "sim/expand_step.hpp"

#include <algorithm>
#include <stdexcept>

namespace mfusim {

StepGraph::StepGraph(const Cluster& cluster, int ranks) : contention_(cluster) {
  record_.ranks = ranks;
}

std::uint32_t StepGraph::number_of(const Segment& segment) {
  const auto at = std::find(known_.rbegin(), known_.rend(), &segment);
  if (at != known_.rend()) return static_cast<std::uint32_t>(known_.rend() - at) - 1;
  known_.push_back(&segment);
  record_.segments.push_back(segment);
  return static_cast<std::uint32_t>(known_.size()) - 1;
}

PlacedSegment StepGraph::place(int rank, const Segment& segment, StepInstance instance, std::span<const TaskId> entry) {
  PlacedSegment placed{.first = record_.tasks, .segment = &segment};
  if (segment.tasks.empty()) return placed;
  placed.item = static_cast<std::uint32_t>(record_.items.size());
  record_.append({.instance = pack(instance), .rank = rank, .segment = number_of(segment)}, segment.tasks.size(), entry);
  return placed;
}

std::vector<TaskId> exits_of(const PlacedSegment& placed) {
  std::vector<TaskId> tasks;
  add_exits(placed, tasks);
  return tasks;
}

void add_exits(const PlacedSegment& placed, std::vector<TaskId>& tasks) {
  for (const SegmentIndex exit : placed.segment->exits) {
    if (exit >= 0) tasks.push_back(placed.id(exit));
  }
}

void StepGraph::wait_at_entry(const PlacedSegment& placed, TaskId before) {
  if (placed.item == StepRecord::none) return;
  StepRecord::Item& item = record_.items[placed.item];
  record_.late_waits.push_back({before, record_.item_of(before), item.late_wait});
  item.late_wait = static_cast<std::uint32_t>(record_.late_waits.size()) - 1;
}

TaskId StepGraph::add(int rank, Step step, StepInstance instance, std::span<const TaskId> after) {
  record_.table.push_back(std::move(step));
  const auto row = static_cast<std::uint32_t>(record_.table.size() - 1);
  record_.append({.instance = pack(instance), .rank = rank, .row = row}, 1, after);
  return record_.tasks - 1;
}

TaskId StepGraph::add_row(int rank, const Step& step, std::size_t& row, StepInstance instance, std::span<const TaskId> after) {
  if (row == no_row) {
    row = record_.table.size();
    record_.table.push_back(step);
  }
  record_.append({.instance = pack(instance), .rank = rank, .row = static_cast<std::uint32_t>(row)}, 1, after);
  return record_.tasks - 1;
}

TaskId StepGraph::add_on_all_ranks(Step step, std::span<const TaskId> after) {
  return add(StepRecord::all_ranks, std::move(step), {}, after);
}

StepGraph::Built StepGraph::build() && {
  if (record_.periods_left_out > 0) throw std::logic_error("a step with periods left out has no graph");
  TaskGraph graph = expand_step(record_, contention_);
  return {std::move(graph), std::move(record_.table), record_.ranks};
}

}  // namespace mfusim
