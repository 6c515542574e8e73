// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_rank.hpp"

#include <algorithm>
#include <cstdint>

namespace mfusim {

/// When a task ends, as far as it is known.
struct SeenEnd {
  const std::int64_t* at = nullptr;  ///< Where it is kept; null: it is not kept.
  std::int64_t known = never;
};

/// When the next groups of ranks may start, as far as what they wait for tells.
class FoldEntries {
 public:
  explicit FoldEntries(const FoldProgress& step)
      : step_(step), wiring_(step.record.passes ? step.record.passes->wiring.get() : nullptr) {}

  /// No group starts before any more.
  void set_now(std::int64_t now) { now_ = now; }

  /// never: not yet known, or another rank may still delay it.
  [[nodiscard]] std::int64_t time_of(const FoldRank& rank) const {
    if (!rank.waits_for_passes_alone()) return time_of_any(rank);
    std::int64_t begin = rank.settled();
    for (const PipelineWiring::Wait wait : wiring_->waits_of(step_items::pass_of(rank.next_item()))) {
      const std::int64_t end = end_of(wait);
      if (end > begin) begin = end;
      if (wait.stage != rank.number() && !is_settled(wait.stage, end)) return never;
    }
    return begin;
  }

  struct Entry {
    std::int64_t own = 0;     ///< Its rank starts nothing before.
    std::int64_t latest = 0;  ///< never: something has no known end.
    bool settled = true;      ///< No other rank may still delay it.
  };
  /// Calls `visit(rank, seen)` for each task of another rank that may still be delayed, up to the first that has no known end.
  template <class Visit>
  [[nodiscard]] Entry of(const FoldRank& rank, Visit visit) const {
    Entry entry{.own = rank.settled(), .latest = rank.settled()};
    const auto look = [&](std::int32_t of_rank, const SeenEnd& seen) {
      entry.latest = std::max(entry.latest, seen.known);
      if (of_rank == static_cast<std::int32_t>(rank.number())) {
        entry.own = std::max(entry.own, seen.known);
      } else if (of_rank != StepRecord::all_ranks && !is_settled(static_cast<std::uint32_t>(of_rank), seen.known)) {
        entry.settled = false;
        visit(static_cast<std::uint32_t>(of_rank), seen);
      }
      return entry.latest != never;
    };
    const auto look_at = [&](StepTask before) { return look(step_.record.rank_of(before.item), {nullptr, end_of(before)}); };
    const std::uint32_t item = rank.next_item();
    if (!step_items::is_wired(item)) {
      static_cast<void>(step_.record.all_waits(step_.record.items[item], look_at));
      return entry;
    }
    for (const PipelineWiring::Wait wait : wiring_->waits_of(step_items::pass_of(item))) {
      const std::int64_t* const at = wait.sent != 0 ? &step_.log.sent_ends[wait.pass] : nullptr;
      if (!look(static_cast<std::int32_t>(wait.stage), {at, end_of(wait)})) return entry;
    }
    for (const FoldPlan::EntryWait& wait : rank.entry_waits()) {
      if (wait.group != rank.next() || !look_at(wait.before)) return entry;
    }
    return entry;
  }

 private:
  /// Out of line, as it is seldom called: it would take registers from the loop over passes.
  [[gnu::noinline]] std::int64_t time_of_any(const FoldRank& rank) const {
    const Entry entry = of(rank, [](std::uint32_t, const SeenEnd&) {});
    return entry.settled ? entry.latest : never;
  }
  [[nodiscard]] std::int64_t end_of(const PipelineWiring::Wait& wait) const {
    return wait.sent != 0 ? step_.log.sent_ends[wait.pass] : step_.ends.of(wait);
  }
  [[nodiscard]] std::int64_t end_of(StepTask task) const {
    const bool is_joint = step_.record.rank_of(task.item) == StepRecord::all_ranks;
    return is_joint ? step_.log.joint_end.value_or(never) : step_.ends.of(task);
  }
  /// Whether what ends then on a rank can no longer be delayed by it.
  [[nodiscard]] bool is_settled(std::uint32_t rank, std::int64_t end) const { return end <= now_ || end <= step_.settled[rank]; }

  const FoldProgress& step_;
  const PipelineWiring* wiring_;  ///< Null: the step has no pipeline.
  std::int64_t now_ = 0;
};

}  // namespace mfusim
