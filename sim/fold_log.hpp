// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_outcomes.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>
#include <vector>

namespace mfusim {

/// When the tasks of folded groups end, as far as it is known.
class FoldEnds {
 public:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  explicit FoldEnds(const StepRecord& record)
      : record_(record), step_end_(record.items.size(), never), started_(record.items.size()) {}

  /// never: not yet known.
  [[nodiscard]] std::int64_t of(std::uint32_t item, TaskId task) const {
    if (const Started& group = started_[item]; group.outcome != nullptr) {
      const auto late = late_ends_.empty() ? late_ends_.end() : late_ends_.find(task);
      if (late != late_ends_.end()) return late->second;
      return group.begin + group.outcome->ends[group.outcome->unfinished() + task - record_.items[item].first];
    }
    return step_end_[item];
  }

  void set_step(std::uint32_t item, std::int64_t end) { step_end_[item] = end; }
  void set_started(std::uint32_t item, const Outcome& outcome, std::int64_t begin) { started_[item] = {&outcome, begin}; }
  /// Of a task that outlived its group; kept where it is `awaited`.
  void set_late(TaskId task, std::int64_t end, const std::vector<bool>& awaited) {
    const std::uint32_t item = record_.item_of(task);
    if (step_end_[item] != never) {
      step_end_[item] = end;
    } else if (awaited[item]) {
      late_ends_[task] = end;
    }
  }

 private:
  /// The group of an item that has started.
  struct Started {
    const Outcome* outcome = nullptr;
    std::int64_t begin = 0;
  };
  const StepRecord& record_;
  std::vector<std::int64_t> step_end_;                  ///< By item.
  std::vector<Started> started_;                        ///< By item.
  std::unordered_map<TaskId, std::int64_t> late_ends_;  ///< Of awaited tasks that outlived their group.
};

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
  std::vector<std::vector<Group>> ranks;
  std::vector<LeftOut> left_out;
  std::optional<std::int64_t> joint_end;
};

}  // namespace mfusim
