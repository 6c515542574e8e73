// SPDX-License-Identifier: Apache-2.0
#include "sim/fold.hpp"

#include "sim/clock_sum.hpp"
#include "sim/fold_entries.hpp"
#include "sim/fold_memory.hpp"
#include "sim/fold_periods.hpp"
#include "sim/fold_rank.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Takes ranks forward group by group, each as far as the others let it.
class Folding {
 public:
  Folding(const StepRecord& record, const FoldPlan& plan, Outcomes& outcomes)
      : step_(record, plan, outcomes),
        entries_(step_),
        wiring_(record.passes ? record.passes->wiring.get() : nullptr),
        known_tasks_(outcomes.simulated_tasks()),
        unfinished_(plan.ranks.size()),
        watchers_(plan.ranks.size()),
        is_awake_(plan.ranks.size()),
        due_(plan.ranks.size(), never) {
    ranks_.reserve(plan.ranks.size());
    for (std::uint32_t rank = 0; rank < plan.ranks.size(); ++rank) ranks_.emplace_back(step_, rank);
  }

  /// `known`: an earlier fold of the same wiring; null: there is none.
  std::optional<Folded> run(const FoldTrace* known) {
    if (known == nullptr || !take_over(*known)) {
      for (FoldRank& rank : ranks_) start(rank, 0);
    }
    if (wiring_ != nullptr) follow_turns();
    for (const FoldRank& rank : ranks_) wake(rank.number());
    advance_awake();
    while (unfinished_ > 0 && composes_) {
      if (!settle_next() && !end_joint()) return std::nullopt;  // a cycle: the task graph names it
      advance_awake();
    }
    if (composes_ && step_.plan.joint && !step_.log.joint_end) static_cast<void>(end_joint());
    if (!composes_ || (step_.plan.joint && !step_.log.joint_end)) return std::nullopt;
    return answer();
  }

  /// How it went, of a plan with this wiring; it must have run to its end.
  [[nodiscard]] FoldTrace trace_of(FoldPlan plan, std::shared_ptr<const PipelineWiring> wiring) && {
    FoldTrace trace;
    trace.wiring = std::move(wiring);
    for (const FoldGroups& groups : plan.ranks) {
      for (std::uint32_t item = groups[0].first_step; item != FoldPlan::none; item = plan.next_step[item])
        trace.head_ends.emplace_back(item, step_.ends.of(StepTask{item, 0}));
    }
    trace.plan = std::move(plan);
    trace.log = std::move(step_.log);
    return trace;
  }

 private:
  /// A rank that looks again when the task has another end than was seen, or can no longer be delayed; where its end is not kept,
  /// whenever the other rank gets further.
  struct Watcher {
    std::uint32_t rank = 0;
    SeenEnd seen;
  };

  [[nodiscard]] Folded answer() const {
    Folded folded{.common_groups = common_groups_, .simulated_tasks = step_.outcomes.simulated_tasks() - known_tasks_};
    for (const FoldGroups& groups : step_.plan.ranks) folded.groups += groups.size();
    const std::int64_t left_out = step_.record.periods_left_out;
    if (left_out == 0) {
      folded.makespan = Picoseconds(makespan_of(step_.log));
    } else if (const auto recurrence = find_recurrence(step_.record, step_.plan, step_.log, step_.ends)) {
      folded.makespan = Picoseconds(makespan_of(step_.log, *recurrence, left_out));
      folded.periods_skipped = left_out;
    } else {
      folded.complete = false;
    }
    return folded;
  }

  /// What the step has in common with an earlier one. False: nothing.
  bool take_over(const FoldTrace& known) {
    const std::vector<CommonGroups> common = common_groups(known, step_.plan);
    if (common.empty()) return false;
    for (FoldRank& rank : ranks_) {
      const CommonGroups& of_rank = common[rank.number()];
      rank.take_over(known.log, of_rank);
      common_groups_ += of_rank.until;
      if (rank.is_done()) end(rank);
    }
    for (const auto& [item, end] : known.head_ends) {
      if (common[static_cast<std::size_t>(step_.record.items[item].rank)].from > 0) step_.ends.set_step(item, end);
    }
    for (const FoldLog::LeftOut& task : known.log.left_out) {
      if (task.group < common[task.rank].from) step_.log.left_out.push_back(task);
    }
    return true;
  }

  /// Lets passes start in turn, roughly in the order in which they do: few ranks then have to wait for each other.
  void follow_turns() {
    turns_.assign(ranks_.size(), 0);
    for (const std::uint32_t stage : wiring_->turns()) {
      FoldRank& rank = ranks_[stage];
      if (rank.next() > ++turns_[stage]) continue;
      wiring_->prefetch_behind(wiring_->first(stage) + turns_[stage] - 1);
      if (rank.next() == turns_[stage]) static_cast<void>(start_or_wait(rank));
      if (!awake_.empty()) advance_awake();
      if (!composes_) break;
    }
    turns_.clear();
  }

  /// Whether the next group of a rank has had its turn.
  [[nodiscard]] bool is_due(const FoldRank& rank) const {
    return !rank.is_done() && (turns_.empty() || rank.next() <= turns_[rank.number()]);
  }

  void advance_awake() {
    while (!awake_.empty()) {
      FoldRank& rank = ranks_[awake_.back()];
      awake_.pop_back();
      is_awake_[rank.number()] = 0;
      while (composes_ && is_due(rank) && start_or_wait(rank)) {
      }
    }
  }

  void wake(std::uint32_t rank) {
    if (is_awake_[rank] != 0) return;
    is_awake_[rank] = 1;
    awake_.push_back(rank);
  }

  void wake_watchers(const FoldRank& rank) {
    std::vector<Watcher>& watchers = watchers_[rank.number()];
    if (!watchers.empty()) look_again(watchers, rank);
  }
  /// Out of line, like wait(), as it is seldom called: it would take registers from the loop over passes.
  [[gnu::noinline]] void look_again(std::vector<Watcher>& watchers, const FoldRank& rank) {
    std::erase_if(watchers, [&](const Watcher& watcher) {
      const SeenEnd& seen = watcher.seen;
      const bool looks = seen.at == nullptr || *seen.at != seen.known || rank.settled() >= seen.known;
      if (looks) wake(watcher.rank);
      return looks;
    });
  }

  /// Starts the rank's next group, or lets it wait.
  bool start_or_wait(FoldRank& rank) {
    const std::int64_t begin = entries_.time_of(rank);
    if (begin == never) {
      wait(rank);
      return false;
    }
    start(rank, begin);
    wake_watchers(rank);
    return true;
  }

  void start(FoldRank& rank, std::int64_t begin) {
    composes_ = rank.start(begin) && composes_;
    if (rank.is_done()) end(rank);
  }
  void end(const FoldRank& rank) {
    due_[rank.number()] = never;
    --unfinished_;
  }

  /// The rank looks again where what it waits for gets further.
  [[gnu::noinline]] void wait(FoldRank& rank) {
    const FoldEntries::Entry entry = entries_.of(rank, [&](std::uint32_t of_rank, const SeenEnd& seen) {
      watchers_[of_rank].push_back({rank.number(), seen});
    });
    due_[rank.number()] = entry.latest;
    if (entry.latest == never || entry.own <= rank.settled()) return;
    rank.settle(entry.own);
    wake_watchers(rank);
  }

  /// Where every rank waits for another, the first of them to start settles what ends until then.
  bool settle_next() {
    const std::int64_t first = *std::min_element(due_.begin(), due_.end());
    if (first == never) return false;
    entries_.set_now(first);
    for (std::uint32_t rank = 0; rank < due_.size(); ++rank) {
      if (due_[rank] == first) wake(rank);
    }
    return true;
  }

  /// Where every rank has ended or waits for the joint step: nothing starts before it any more. False where it has ended already,
  /// or is not known either.
  bool end_joint() {
    const std::optional<FoldPlan::Joint>& joint = step_.plan.joint;
    if (!joint || step_.log.joint_end) return false;
    const StepRecord::Item& item = step_.record.items[joint->item];
    std::int64_t start = 0;
    const bool known = step_.record.all_waits(item, [&](StepTask before) {
      start = std::max(start, step_.ends.of(before));
      return start != never;
    });
    if (!known) return false;
    for (const std::uint32_t before : joint->before) {
      if (before != FoldPlan::none) start = std::max(start, step_.ends.of(StepTask{before, 0}));
    }
    if (start == never) return false;
    step_.log.joint_end = clock_sum(start, step_.record.table[item.row].duration.count());
    for (const FoldRank& rank : ranks_) wake(rank.number());
    return true;
  }

  FoldProgress step_;
  FoldEntries entries_;
  const PipelineWiring* wiring_;  ///< Null: the step has no pipeline.
  std::size_t known_tasks_;       ///< Simulated before.
  std::size_t common_groups_ = 0;
  std::vector<FoldRank> ranks_;
  std::size_t unfinished_;                      ///< Ranks with groups to come.
  std::vector<std::vector<Watcher>> watchers_;  ///< By rank: of its tasks.
  std::vector<std::uint8_t> is_awake_;
  std::vector<std::uint32_t> awake_;  ///< Ranks that look whether they may go on.
  /// By rank: its next group starts then if what it waits for is not delayed; never: not yet known.
  std::vector<std::int64_t> due_;
  std::vector<std::uint32_t> turns_;  ///< By rank: how many of its passes have had their turn; empty: all groups have.
  bool composes_ = true;
};

}  // namespace

std::optional<Folded> fold(const StepGraph& step, std::span<const double> slowdown, FoldMemory& memory) {
  const StepRecord& record = step.record();
  const std::vector<UsageId> usages = memory.usages_of(record.table);
  std::optional<FoldPlan> plan = plan_fold(record, FoldRows(record.table, usages), slowdown, memory.kinds());
  if (!plan) return std::nullopt;
  memory.outcomes().make_room();
  const std::shared_ptr<const PipelineWiring> wiring = record.passes ? record.passes->wiring : nullptr;
  Folding folding(record, *plan, memory.outcomes());
  const std::optional<Folded> folded = folding.run(wiring == nullptr ? nullptr : memory.traces().of(*wiring));
  if (folded && wiring != nullptr) memory.traces().keep(std::move(folding).trace_of(std::move(*plan), wiring));
  return folded;
}

std::optional<Folded> fold(const StepGraph& step, std::span<const double> slowdown) {
  FoldMemory memory(step.contention());
  return fold(step, slowdown, memory);
}

}  // namespace mfusim
