// SPDX-License-Identifier: Apache-2.0
#include "sim/step_graph.hpp"

namespace mfusim {
namespace {

StreamId stream_of(int rank, StreamKind kind) {
  return static_cast<StreamId>(rank * streams_per_rank + static_cast<int>(kind));
}

}  // namespace

StepGraph::StepGraph(const Cluster& cluster, int ranks, std::size_t expected_tasks)
    : ranks_(ranks), builder_(expected_tasks), contention_(cluster, builder_, ranks) {
  for (int i = 0; i < ranks * streams_per_rank; ++i) static_cast<void>(builder_.add_stream());
}

Task StepGraph::task_of(int rank, std::uint32_t step, StepInstance instance) {
  return Task{.duration = table_[step].duration,
              .stream = stream_of(rank, table_[step].stream),
              .label = step,
              .instance = pack(instance),
              .usage = contention_.usage(rank, step, table_[step])};
}

PlacedSegment StepGraph::place(int rank, const Segment& segment, StepInstance instance, std::span<const TaskId> entry) {
  const PlacedSegment placed{.first = static_cast<TaskId>(builder_.size()), .segment = &segment};
  for (const SegmentTask& task : segment.tasks) {
    after_.clear();
    for (const SegmentIndex before : task.after) {
      if (before == segment_entry) {
        after_.insert(after_.end(), entry.begin(), entry.end());
      } else if (before != no_task) {
        after_.push_back(placed.id(before));
      }
    }
    builder_.add(task_of(rank, task.step, instance), after_);
  }
  return placed;
}

std::vector<TaskId> exits_of(const PlacedSegment& placed) {
  std::vector<TaskId> tasks;
  for (const SegmentIndex exit : placed.segment->exits) {
    if (exit >= 0) tasks.push_back(placed.id(exit));
  }
  return tasks;
}

void StepGraph::wait_at_entry(const PlacedSegment& placed, TaskId before) {
  for (std::size_t i = 0; i < placed.segment->tasks.size(); ++i) {
    for (const SegmentIndex after : placed.segment->tasks[i].after) {
      if (after == segment_entry) builder_.add_edge(before, placed.id(static_cast<SegmentIndex>(i)));
    }
  }
}

TaskId StepGraph::add(int rank, Step step, StepInstance instance, std::span<const TaskId> after) {
  table_.push_back(std::move(step));
  return builder_.add(task_of(rank, static_cast<std::uint32_t>(table_.size() - 1), instance), after);
}

TaskId StepGraph::add_row(int rank, const Step& step, std::size_t& row, StepInstance instance, std::span<const TaskId> after) {
  if (row == no_row) {
    row = table_.size();
    table_.push_back(step);
  }
  return builder_.add(task_of(rank, static_cast<std::uint32_t>(row), instance), after);
}

TaskId StepGraph::add_on_all_ranks(Step step, std::span<const TaskId> after) {
  std::vector<StreamId> streams;
  streams.reserve(static_cast<std::size_t>(ranks_));
  for (int rank = 0; rank < ranks_; ++rank) streams.push_back(stream_of(rank, step.stream));
  table_.push_back(std::move(step));
  return builder_.add_joint(task_of(0, static_cast<std::uint32_t>(table_.size() - 1), {}), streams, after);
}

BuiltStep StepGraph::build() && {
  return {std::move(builder_).build(), std::move(table_), ranks_};
}

}  // namespace mfusim
