// SPDX-License-Identifier: Apache-2.0
#include "sim/expand_step.hpp"

#include "sim/step_graph.hpp"
#include "sim/task_graph_builder.hpp"

namespace mfusim {
namespace {

class Expansion {
 public:
  Expansion(const StepRecord& record, const Contention& contention)
      : record_(record), classes_(contention), usage_of_row_(classes_.of(record.table)), builder_(record.tasks) {
    for (int rank = 0; rank < record.ranks; ++rank) {
      for (int stream = 0; stream < streams_per_rank; ++stream) static_cast<void>(builder_.add_stream());
      for (const double capacity : contention.capacities()) static_cast<void>(builder_.add_resource(capacity));
    }
    add_usages();
  }

  TaskGraph run() && {
    for (const StepRecord::Item& item : record_.items) {
      if (item.rank == StepRecord::all_ranks) {
        add_joint(item);
      } else if (item.segment == StepRecord::none) {
        after_.clear();
        add_waits(item);
        builder_.add(task_of(item.rank, item.row, item.instance), after_);
      } else {
        add_segment(item, *record_.segments[item.segment]);
      }
    }
    for (const StepRecord::Item& item : record_.items) add_late_waits(item);
    return std::move(builder_).build();
  }

 private:
  /// The usages that each rank's steps need, rank by rank.
  void add_usages() {
    const std::size_t classes = classes_.usages().size();
    usage_.assign(static_cast<std::size_t>(record_.ranks) * classes, 0);
    std::vector<bool> seen(static_cast<std::size_t>(record_.ranks) * record_.segments.size());
    for (const StepRecord::Item& item : record_.items) {
      if (item.segment == StepRecord::none) {
        note_usage(item.rank, item.row);
      } else if (const std::size_t cell = static_cast<std::size_t>(item.rank) * record_.segments.size() + item.segment;
                 !seen[cell]) {
        seen[cell] = true;
        for (const SegmentTask& task : record_.segments[item.segment]->tasks) note_usage(item.rank, task.step);
      }
    }
    for (std::size_t cell = 0; cell < usage_.size(); ++cell) {
      if (usage_[cell] == 0) continue;
      Usage usage = classes_.usages()[cell % classes];
      for (Demand& demand : usage.demands) demand.resource += static_cast<ResourceId>(cell / classes * resources_per_rank);
      usage_[cell] = builder_.add_usage(usage);
    }
  }

  void note_usage(int rank, std::uint32_t row) {
    const UsageId of_class = usage_of_row_[row];
    if (of_class != 0) usage_[static_cast<std::size_t>(std::max(0, rank)) * classes_.usages().size() + of_class] = 1;
  }

  [[nodiscard]] Task task_of(int rank, std::uint32_t row, std::uint32_t instance) const {
    const Step& step = record_.table[row];
    return Task{.duration = step.duration,
                .stream = stream_of(rank, step.stream),
                .label = row,
                .instance = instance,
                .usage = usage_[static_cast<std::size_t>(rank) * classes_.usages().size() + usage_of_row_[row]]};
  }

  /// Behind what `after_` holds already.
  void add_waits(const StepRecord::Item& item) {
    for (const StepTask before : record_.waits_of(item)) after_.push_back(record_.id_of(before));
  }

  void add_segment(const StepRecord::Item& item, const Segment& segment) {
    for (const SegmentTask& task : segment.tasks) {
      after_.clear();
      for (const SegmentIndex before : task.after) {
        if (before == segment_entry) {
          add_waits(item);
        } else if (before != no_task) {
          after_.push_back(item.first + static_cast<TaskId>(before));
        }
      }
      builder_.add(task_of(item.rank, task.step, item.instance), after_);
    }
  }

  void add_joint(const StepRecord::Item& item) {
    std::vector<StreamId> streams;
    streams.reserve(static_cast<std::size_t>(record_.ranks));
    for (int rank = 0; rank < record_.ranks; ++rank) streams.push_back(stream_of(rank, record_.table[item.row].stream));
    after_.clear();
    add_waits(item);
    builder_.add_joint(task_of(0, item.row, item.instance), streams, after_);
  }

  void add_late_waits(const StepRecord::Item& item) {
    if (item.late_wait == StepRecord::none) return;
    const std::vector<SegmentTask>& tasks = record_.segments[item.segment]->tasks;
    for (std::uint32_t wait = item.late_wait; wait != StepRecord::none; wait = record_.late_waits[wait].previous) {
      for (std::size_t i = 0; i < tasks.size(); ++i) {
        for (const SegmentIndex after : tasks[i].after) {
          if (after == segment_entry)
            builder_.add_edge(record_.id_of(record_.late_waits[wait].before), item.first + static_cast<TaskId>(i));
        }
      }
    }
  }

  const StepRecord& record_;
  UsageClasses classes_;
  std::vector<UsageId> usage_of_row_;
  TaskGraphBuilder builder_;
  std::vector<UsageId> usage_;  ///< By rank and class.
  std::vector<TaskId> after_;   ///< Reused between tasks.
};

}  // namespace

TaskGraph expand_step(const StepRecord& record, const Contention& contention) {
  return Expansion(record, contention).run();
}

}  // namespace mfusim
