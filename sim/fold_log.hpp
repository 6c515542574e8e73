// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_outcomes.hpp"
#include "sim/step_record.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

namespace mfusim {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

/// How the groups of a step went, rank by rank.
struct FoldLog {
  struct Group {
    std::int64_t begin = never;  ///< never: not yet.
    const OutcomeNode* outcome = nullptr;
    std::int64_t host_end = 0;  ///< Of the launches up to this group.
  };
  /// A task that touches nothing any more, and may still end last of all.
  struct LeftOut {
    std::size_t rank = 0;
    std::size_t group = 0;  ///< The last one that had it.
    std::int64_t end = 0;
  };
  std::vector<std::vector<Group>> ranks;
  std::vector<std::int64_t> sent_ends;  ///< By pass: of what it sends, as far as it is known.
  std::vector<LeftOut> left_out;
  std::optional<std::int64_t> joint_end;
};

/// When the tasks of folded groups end, as far as it is known.
class FoldEnds {
 public:
  /// `log`: of the step, with all its groups.
  FoldEnds(const StepRecord& record, FoldLog& log) : record_(record), log_(log), items_(record.items.size()) {}

  /// never: not yet known.
  [[nodiscard]] std::int64_t of(StepTask task) const {
    if (step_items::is_wired(task.item)) {
      if (step_items::is_sent(task.item)) return log_.sent_ends[step_items::pass_of(task.item)];
      return of_pass_task(group_of(task.item), task);
    }
    const Item& one = items_[task.item];
    if (one.outcome == nullptr) return one.time;
    if (one.outlived) {
      const auto late = late_ends_.find(task);
      if (late != late_ends_.end()) return late->second;
    }
    return one.time + one.outcome->ends[one.outcome->unfinished() + task.index];
  }
  [[nodiscard]] std::int64_t of(const PipelineWiring::Wait& wait) const {
    if (wait.sent != 0) return log_.sent_ends[wait.pass];
    const PipelineWiring& wiring = *record_.passes->wiring;
    const FoldLog::Group& group = log_.ranks[wait.stage][wait.pass - wiring.first(wait.stage) + 1];
    if (group.begin == never) return never;
    std::int64_t end = 0;
    for (const SegmentIndex exit : record_.segments[record_.passes->of_kind(wait.stage, wiring[wait.pass].kind).segment]->exits) {
      if (exit >= 0) end = std::max(end, of_pass_task(group, {step_items::of_pass(wait.pass), static_cast<std::uint32_t>(exit)}));
    }
    return end;
  }

  void set_step(std::uint32_t item, std::int64_t end) {
    (step_items::is_wired(item) ? log_.sent_ends[step_items::pass_of(item)] : items_[item].time) = end;
  }
  void set_started(std::uint32_t item, const Outcome& outcome, std::int64_t begin) { items_[item] = {&outcome, begin}; }
  /// Of a task that outlived its group; kept where it is `awaited`.
  void set_late(StepTask task, std::int64_t end, bool awaited) {
    if (step_items::is_wired(task.item)) {
      if (step_items::is_sent(task.item)) {
        log_.sent_ends[step_items::pass_of(task.item)] = end;
      } else if (awaited) {
        late_ends_[task] = end;
      }
      return;
    }
    Item& one = items_[task.item];
    if (one.outcome == nullptr) {
      one.time = end;
    } else if (awaited) {
      one.outlived = true;
      late_ends_[task] = end;
    }
  }

 private:
  struct Item {
    const Outcome* outcome = nullptr;  ///< Of a segment that has started.
    std::int64_t time = never;         ///< When it began; of a step, when it ends.
    bool outlived = false;             ///< Some of its tasks are among `late_ends_`.
  };

  [[nodiscard]] const FoldLog::Group& group_of(std::uint32_t wired) const {
    const PipelineWiring& wiring = *record_.passes->wiring;
    const std::uint32_t pass = step_items::pass_of(wired);
    const std::uint32_t stage = wiring.stage_of(pass);
    return log_.ranks[stage][pass - wiring.first(stage) + 1];
  }
  [[nodiscard]] std::int64_t of_pass_task(const FoldLog::Group& group, StepTask task) const {
    if (group.begin == never) return never;
    if (!late_ends_.empty()) {
      const auto late = late_ends_.find(task);
      if (late != late_ends_.end()) return late->second;
    }
    const Outcome& outcome = group.outcome->outcome;
    return group.begin + outcome.ends[outcome.unfinished() + task.index];
  }

  const StepRecord& record_;
  FoldLog& log_;
  std::vector<Item> items_;
  std::map<StepTask, std::int64_t> late_ends_;  ///< Of awaited tasks that outlived their group.
};

}  // namespace mfusim
