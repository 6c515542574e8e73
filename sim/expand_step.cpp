// SPDX-License-Identifier: Apache-2.0
#include "sim/expand_step.hpp"

#include "sim/step_graph.hpp"
#include "sim/task_graph_builder.hpp"

#include <utility>
#include <vector>

namespace mfusim {
namespace {

/// Where the passes of a pipeline, and what they send, stand in the full graph.
class PassIds {
 public:
  explicit PassIds(const StepRecord& record) : record_(record) {
    if (!record.passes) return;
    const PipelineWiring& wiring = *record.passes->wiring;
    first_.reserve(wiring.size());
    for (std::size_t stage = 0; stage < wiring.stages(); ++stage) {
      for (std::uint32_t pass = wiring.first(stage); pass < wiring.first(stage + 1); ++pass) {
        const StepRecord::StagePass& kind = record.passes->of_kind(stage, wiring[pass].kind);
        first_.push_back(tasks_);
        tasks_ += static_cast<TaskId>(record.segments[kind.segment]->tasks.size()) + (kind.row == StepRecord::none ? 0 : 1);
      }
    }
    first_.push_back(tasks_);
  }

  /// All of them.
  [[nodiscard]] TaskId tasks() const { return tasks_; }
  [[nodiscard]] TaskId first(std::uint32_t pass) const { return first_[pass]; }
  /// Of what a pass sends.
  [[nodiscard]] TaskId sent(std::uint32_t pass) const { return first_[pass + 1] - 1; }
  [[nodiscard]] TaskId of(StepTask task) const {
    if (!step_items::is_wired(task.item)) return tasks_ + record_.items[task.item].first + task.index;
    const std::uint32_t pass = step_items::pass_of(task.item);
    return step_items::is_sent(task.item) ? sent(pass) : first(pass) + task.index;
  }

 private:
  const StepRecord& record_;
  std::vector<TaskId> first_;  ///< By pass, and one more.
  TaskId tasks_ = 0;
};

class Expansion {
 public:
  Expansion(const StepRecord& record, const Contention& contention)
      : record_(record),
        classes_(contention),
        usage_of_row_(classes_.of(record.table)),
        ids_(record),
        builder_(ids_.tasks() + record.tasks) {
    for (int rank = 0; rank < record.ranks; ++rank) {
      for (int stream = 0; stream < streams_per_rank; ++stream) static_cast<void>(builder_.add_stream());
      for (const double capacity : contention.capacities()) static_cast<void>(builder_.add_resource(capacity));
    }
    add_usages();
  }

  TaskGraph run() && {
    if (record_.passes) add_passes();
    for (const StepRecord::Item& item : record_.items) {
      const TaskId first = ids_.tasks() + item.first;
      if (item.rank == StepRecord::all_ranks) {
        add_joint(item);
      } else if (item.segment == StepRecord::none) {
        after_.clear();
        add_waits(item);
        builder_.add(task_of(item.rank, item.row, item.instance), after_);
      } else {
        entry_.clear();
        for (const StepTask before : record_.waits_of(item)) entry_.push_back(ids_.of(before));
        add_segment(*record_.segments[item.segment], item.rank, first, item.instance);
      }
    }
    add_late_waits();
    return std::move(builder_).build();
  }

 private:
  void add_passes() {
    const PipelineWiring& wiring = *record_.passes->wiring;
    for (std::size_t stage = 0; stage < wiring.stages(); ++stage) {
      for (std::uint32_t pass = wiring.first(stage); pass < wiring.first(stage + 1); ++pass)
        add_pass(static_cast<int>(stage), pass, record_.passes->of_kind(stage, wiring[pass].kind));
    }
  }

  void add_pass(int rank, std::uint32_t pass, const StepRecord::StagePass& kind) {
    const PipelineWiring& wiring = *record_.passes->wiring;
    const std::uint32_t instance = pack({.micro_batch = wiring[pass].micro_batch, .chunk = kind.chunk});
    entry_.clear();
    for (const PipelineWiring::Wait& wait : wiring.waits_of(pass)) {
      if (wait.sent != 0) {
        entry_.push_back(ids_.sent(wait.pass));
      } else {
        add_exits(wait.pass, rank, entry_);
      }
    }
    add_segment(*record_.segments[kind.segment], rank, ids_.first(pass), instance);
    if (kind.row == StepRecord::none) return;
    after_.clear();
    add_exits(pass, rank, after_);
    if (const std::uint32_t other = wiring.exchange_of(pass); other != PipelineWiring::none)
      add_exits(other, static_cast<int>(wiring.stage_of(other)), after_);
    builder_.add(task_of(rank, kind.row, instance), after_);
  }

  void add_exits(std::uint32_t pass, int rank, std::vector<TaskId>& tasks) const {
    const StepRecord::Passes& passes = *record_.passes;
    const StepRecord::StagePass& kind = passes.of_kind(static_cast<std::size_t>(rank), (*passes.wiring)[pass].kind);
    for (const SegmentIndex exit : record_.segments[kind.segment]->exits) {
      if (exit >= 0) tasks.push_back(ids_.first(pass) + static_cast<TaskId>(exit));
    }
  }

  /// The usages that each rank's steps need, rank by rank.
  void add_usages() {
    const std::size_t classes = classes_.usages().size();
    usage_.assign(static_cast<std::size_t>(record_.ranks) * classes, 0);
    std::vector<bool> seen(static_cast<std::size_t>(record_.ranks) * record_.segments.size());
    const auto note_segment = [&](std::int32_t rank, std::uint32_t segment) {
      const std::size_t cell = static_cast<std::size_t>(rank) * record_.segments.size() + segment;
      if (seen[cell]) return;
      seen[cell] = true;
      for (const SegmentTask& task : record_.segments[segment]->tasks) note_usage(rank, task.step);
    };
    for (std::size_t i = 0; record_.passes && i < record_.passes->kinds.size(); ++i) {
      const StepRecord::StagePass& kind = record_.passes->kinds[i];
      const auto rank = static_cast<std::int32_t>(i / record_.passes->wiring->kinds());
      if (kind.segment != StepRecord::none) note_segment(rank, kind.segment);
      if (kind.row != StepRecord::none) note_usage(rank, kind.row);
    }
    for (const StepRecord::Item& item : record_.items) {
      if (item.segment == StepRecord::none) {
        note_usage(item.rank, item.row);
      } else {
        note_segment(item.rank, item.segment);
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
    for (const StepTask before : record_.waits_of(item)) after_.push_back(ids_.of(before));
  }

  /// Its entry waits for `entry_`.
  void add_segment(const Segment& segment, int rank, TaskId first, std::uint32_t instance) {
    for (const SegmentTask& task : segment.tasks) {
      after_.clear();
      for (const SegmentIndex before : task.after) {
        if (before == segment_entry) {
          after_.insert(after_.end(), entry_.begin(), entry_.end());
        } else if (before != no_task) {
          after_.push_back(first + static_cast<TaskId>(before));
        }
      }
      builder_.add(task_of(rank, task.step, instance), after_);
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

  /// Waits that were written down after what waits.
  void add_late_waits() {
    for (const StepRecord::EntryWait& wait : record_.entry_waits) {
      const PipelineWiring& wiring = *record_.passes->wiring;
      const StepRecord::StagePass& kind = record_.passes->of_kind(wiring.stage_of(wait.pass), wiring[wait.pass].kind);
      wait_at_entry(*record_.segments[kind.segment], ids_.first(wait.pass), ids_.of(wait.before));
    }
    for (const StepRecord::Item& item : record_.items) {
      for (std::uint32_t wait = item.late_wait; wait != StepRecord::none; wait = record_.late_waits[wait].previous)
        wait_at_entry(*record_.segments[item.segment], ids_.tasks() + item.first, ids_.of(record_.late_waits[wait].before));
    }
  }

  void wait_at_entry(const Segment& segment, TaskId first, TaskId before) {
    for (std::size_t i = 0; i < segment.tasks.size(); ++i) {
      for (const SegmentIndex after : segment.tasks[i].after) {
        if (after == segment_entry) builder_.add_edge(before, first + static_cast<TaskId>(i));
      }
    }
  }

  const StepRecord& record_;
  UsageClasses classes_;
  std::vector<UsageId> usage_of_row_;
  PassIds ids_;
  TaskGraphBuilder builder_;
  std::vector<UsageId> usage_;  ///< By rank and class.
  std::vector<TaskId> entry_;   ///< What the present segment waits for.
  std::vector<TaskId> after_;   ///< Reused between tasks.
};

}  // namespace

TaskGraph expand_step(const StepRecord& record, const Contention& contention) {
  return Expansion(record, contention).run();
}

}  // namespace mfusim
