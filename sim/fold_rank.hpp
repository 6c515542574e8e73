// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_log.hpp"
#include "sim/fold_plan.hpp"
#include "sim/fold_trace.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mfusim {

/// A step that is folded: how it is cut, and how it went so far.
struct FoldProgress {
  FoldProgress(const StepRecord& the_record, const FoldPlan& the_plan, Outcomes& the_outcomes);
  FoldProgress(const FoldProgress&) = delete;
  FoldProgress& operator=(const FoldProgress&) = delete;

  const StepRecord& record;
  const FoldPlan& plan;
  Outcomes& outcomes;
  FoldLog log;
  FoldEnds ends;
  std::vector<std::int64_t> settled;  ///< By rank: it starts no group earlier. never: it has started all.
  std::vector<StepTask> names;        ///< For ranks to use while they start a group.
};

/// One rank of it: starts its groups one after the other.
class FoldRank {
 public:
  FoldRank(FoldProgress& step, std::uint32_t number);

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] bool is_done() const { return walk_.is_done(); }
  /// Its next group, and the pattern's item of that.
  [[nodiscard]] std::uint32_t next() const { return walk_.place(); }
  [[nodiscard]] std::uint32_t next_item() const { return walk_.item(); }
  /// What its groups from the next one on wait for beside passes, the next one's first.
  [[nodiscard]] std::span<const FoldPlan::EntryWait> entry_waits() const { return entry_waits_; }
  /// Whether the next one is a pass that waits for nothing else.
  [[nodiscard]] bool waits_for_passes_alone() const {
    return step_items::is_wired(next_item()) && (entry_waits_.empty() || entry_waits_.front().group != next());
  }
  /// Its next group starts no earlier: what ends until then is settled. never: there is none.
  [[nodiscard]] std::int64_t settled() const { return *settled_; }
  void settle(std::int64_t until) { *settled_ = until; }
  /// Takes the groups over that it has in common with an earlier fold.
  void take_over(const FoldLog& known, const CommonGroups& common);
  /// Starts its next group. False where a step of it waits for communication that is still under way.
  [[nodiscard]] bool start(std::int64_t begin);

 private:
  const CutNode& leave(std::int64_t begin);
  [[nodiscard]] std::uint32_t streams_to_come();
  [[nodiscard]] StepTask name_of(std::uint32_t task) const;
  [[nodiscard]] std::int64_t next_starts_after(bool blocks) const;
  void note_ends();
  void note_steps();
  [[nodiscard]] bool early_waits_hold() const;

  FoldProgress& step_;
  const FoldPlan& plan_;  ///< And what else of `step_` is asked for at each group.
  Outcomes& outcomes_;
  FoldEnds& ends_;
  std::uint32_t number_;
  FoldGroups::Walk walk_;             ///< At the next group.
  std::vector<FoldLog::Group>& log_;  ///< By group.
  std::int64_t* settled_;             ///< Its own.
  std::span<const FoldPlan::EntryWait> entry_waits_;
  const FoldGroup* group_ = nullptr;  ///< The last one, without its names.
  std::uint32_t item_ = FoldPlan::none;
  std::uint32_t sent_ = FoldPlan::none;
  OutcomeNode* outcome_ = nullptr;  ///< Of its last group.
  std::int64_t begin_ = 0;          ///< Of its last group.
  std::int64_t host_end_ = 0;       ///< Of the launches of its groups.
  std::uint32_t streams_ = 0;       ///< That groups from the next one on use, up to the group `same_streams_`.
  std::size_t same_streams_ = 0;
  std::vector<StepTask> unfinished_;  ///< Tasks of the last group's situation.
};

}  // namespace mfusim
