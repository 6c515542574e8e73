// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_outcomes.hpp"
#include "sim/fold_plan.hpp"
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
    std::int64_t begin = 0;
    const OutcomeNode* outcome = nullptr;
    std::int64_t host_end = 0;  ///< Of the launches up to this group.
  };
  /// A task that touches nothing any more, and may still end last of all.
  struct LeftOut {
    std::size_t rank = 0;
    std::size_t group = 0;  ///< The last one that had it.
    std::int64_t end = 0;
  };
  std::vector<std::vector<Group>> ranks;  ///< Those that have started.
  std::vector<std::int64_t> sent_ends;    ///< By pass: of what it sends, as far as it is known.
  std::vector<LeftOut> left_out;
  std::optional<std::int64_t> joint_end;
  bool has_late_ends = false;  ///< Some awaited task of a pass outlived its group.
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
      return of_pass_task(task);
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
    const std::size_t group = wait.pass - wiring.first(wait.stage) + 1;
    std::int64_t end = group < log_.ranks[wait.stage].size() ? 0 : never;
    for (const SegmentIndex exit : record_.segments[record_.passes->of_kind(wait.stage, wiring[wait.pass].kind).segment]->exits) {
      if (exit >= 0) end = std::max(end, of_pass_task({step_items::of_pass(wait.pass), static_cast<std::uint32_t>(exit)}));
    }
    return end;
  }

  /// Of what a pass sends.
  void set_sent(std::uint32_t item, std::int64_t end) { log_.sent_ends[step_items::pass_of(item)] = end; }
  void set_step(std::uint32_t item, std::int64_t end) { items_[item].time = end; }
  void set_started(std::uint32_t item, const Outcome& outcome, std::int64_t begin) { items_[item] = {&outcome, begin}; }
  /// Of a task that outlived its group; kept where another group of the plan waits for it.
  void set_late(StepTask task, std::int64_t end, const FoldPlan& plan) {
    if (step_items::is_wired(task.item)) {
      if (step_items::is_sent(task.item)) {
        log_.sent_ends[step_items::pass_of(task.item)] = end;
      } else if (plan.is_awaited(task.item)) {
        late_ends_[task] = end;
        log_.has_late_ends = true;
      }
      return;
    }
    Item& one = items_[task.item];
    if (one.outcome == nullptr) {
      one.time = end;
    } else if (plan.is_awaited(task.item)) {
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

  [[nodiscard]] std::int64_t of_pass_task(StepTask task) const {
    const PipelineWiring& wiring = *record_.passes->wiring;
    const std::uint32_t pass = step_items::pass_of(task.item);
    const std::uint32_t stage = wiring.stage_of(pass);
    const std::size_t number = pass - wiring.first(stage) + 1;
    if (number >= log_.ranks[stage].size()) return never;
    const FoldLog::Group& group = log_.ranks[stage][number];
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
