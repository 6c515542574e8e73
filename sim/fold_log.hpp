// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_outcomes.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace mfusim {

/// When the tasks of folded groups end, as far as it is known.
class FoldEnds {
 public:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  explicit FoldEnds(std::size_t items) : items_(items) {}

  /// never: not yet known.
  [[nodiscard]] std::int64_t of(StepTask task) const {
    const Item& one = items_[task.item];
    if (one.outcome == nullptr) return one.time;
    if (one.outlived) {
      const auto late = late_ends_.find({task.item, task.index});
      if (late != late_ends_.end()) return late->second;
    }
    return one.time + one.outcome->ends[one.outcome->unfinished() + task.index];
  }

  void set_step(std::uint32_t item, std::int64_t end) { items_[item].time = end; }
  void set_started(std::uint32_t item, const Outcome& outcome, std::int64_t begin) { items_[item] = {&outcome, begin}; }
  /// Of a task that outlived its group; kept where it is `awaited`.
  void set_late(StepTask task, std::int64_t end, bool awaited) {
    Item& one = items_[task.item];
    if (one.outcome == nullptr) {
      one.time = end;
    } else if (awaited) {
      one.outlived = true;
      late_ends_[{task.item, task.index}] = end;
    }
  }

 private:
  struct Item {
    const Outcome* outcome = nullptr;  ///< Of a pass that has started.
    std::int64_t time = never;         ///< When it began; of a step, when it ends.
    bool outlived = false;             ///< Some of its tasks are among `late_ends_`.
  };
  std::vector<Item> items_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> late_ends_;  ///< Of awaited tasks that outlived their group.
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
