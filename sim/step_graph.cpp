// SPDX-License-Identifier: Apache-2.0
#include "sim/step_graph.hpp"

#include "sim/expand_step.hpp"

#include <algorithm>
#include <stdexcept>

namespace mfusim {

StepGraph::StepGraph(const Cluster& cluster, int ranks) : contention_(cluster) {
  record_.ranks = ranks;
}

std::optional<std::uint32_t> StepGraph::number_of(const Segment& segment) const {
  const auto at = std::find(known_.rbegin(), known_.rend(), &segment);
  return at == known_.rend() ? std::nullopt : std::optional(static_cast<std::uint32_t>(known_.rend() - at) - 1);
}

StepGraph::KnownSegment StepGraph::know(const Segment& segment) {
  if (segment.tasks.empty()) return {&segment, StepRecord::none};
  if (const auto number = number_of(segment)) return {&segment, *number};
  known_.push_back(&segment);
  record_.segments.push_back(&record_.own_segments.emplace_back(segment));
  record_.segments_outlive.push_back(0);
  return {&segment, static_cast<std::uint32_t>(known_.size()) - 1};
}

StepGraph::KnownSegment StepGraph::know_lasting(const Segment& segment) {
  if (segment.tasks.empty()) return {&segment, StepRecord::none};
  if (const auto number = number_of(segment)) return {&segment, *number};
  known_.push_back(&segment);
  record_.segments.push_back(&segment);
  record_.segments_outlive.push_back(1);
  return {&segment, static_cast<std::uint32_t>(known_.size()) - 1};
}

std::vector<StepTask> exits_of(const PlacedSegment& placed) {
  std::vector<StepTask> tasks;
  add_exits(placed, tasks);
  return tasks;
}

void add_exits(const PlacedSegment& placed, std::vector<StepTask>& tasks) {
  for (const SegmentIndex exit : placed.segment->exits) {
    if (exit >= 0) tasks.push_back(placed.task(exit));
  }
}

StepTask StepGraph::add(int rank, Step step, StepInstance instance, std::span<const StepTask> after) {
  record_.table.push_back(std::move(step));
  const auto row = static_cast<std::uint32_t>(record_.table.size() - 1);
  return {record_.append({.instance = pack(instance), .rank = rank, .row = row}, 1, after), 0};
}

std::size_t StepGraph::new_row(const Step& step) {
  record_.table.push_back(step);
  return record_.table.size() - 1;
}

StepTask StepGraph::add_on_all_ranks(Step step, std::span<const StepTask> after) {
  return add(StepRecord::all_ranks, std::move(step), {}, after);
}

StepGraph::Built StepGraph::build() && {
  if (record_.periods_left_out > 0) throw std::logic_error("a step with periods left out has no graph");
  TaskGraph graph = expand_step(record_, contention_);
  return {std::move(graph), std::move(record_.table), record_.ranks};
}

}  // namespace mfusim
