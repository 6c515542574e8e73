// SPDX-License-Identifier: Apache-2.0
#include "sim/fold.hpp"

#include "sim/clock_sum.hpp"
#include "sim/fold_memory.hpp"
#include "sim/fold_periods.hpp"
#include "sim/fold_rank.hpp"
#include "sim/variation.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Takes ranks forward group by group, each as far as the others let it.
class Folding {
 public:
  Folding(const StepRecord& record, const FoldPlan& plan, Outcomes& outcomes)
      : step_(record, plan, outcomes),
        wiring_(record.passes ? record.passes->wiring.get() : nullptr),
        known_tasks_(outcomes.simulated_tasks()),
        unfinished_(plan.ranks.size()),
        watchers_(plan.ranks.size()),
        is_awake_(plan.ranks.size()),
        due_(plan.ranks.size(), never) {
    ranks_.reserve(plan.ranks.size());
    for (std::uint32_t rank = 0; rank < plan.ranks.size(); ++rank) ranks_.emplace_back(step_, rank);
    for (FoldRank& rank : ranks_) start(rank, 0);
    for (const FoldRank& rank : ranks_) wake(rank.number());
  }

  std::optional<Folded> run() {
    while (unfinished_ > 0 && composes_) {
      if (awake_.empty() && !settle_next() && !end_joint()) return std::nullopt;  // a cycle: the task graph names it
      while (!awake_.empty()) {
        const std::uint32_t rank = awake_.back();
        awake_.pop_back();
        is_awake_[rank] = 0;
        advance(ranks_[rank]);
      }
    }
    if (composes_ && step_.plan.joint && !step_.log.joint_end) static_cast<void>(end_joint());
    if (!composes_ || (step_.plan.joint && !step_.log.joint_end)) return std::nullopt;
    return answer();
  }

 private:
  /// A rank that looks again when a task of another one has another end than was known, or can no longer be delayed.
  struct Watcher {
    std::uint32_t rank = 0;
    const std::int64_t* end = nullptr;  ///< Of that task; null: it looks whenever the other rank gets further.
    std::int64_t known = never;         ///< What it was.
  };

  [[nodiscard]] Folded answer() const {
    Folded folded{.simulated_tasks = step_.outcomes.simulated_tasks() - known_tasks_};
    for (const std::vector<FoldGroup>& groups : step_.plan.ranks) folded.groups += groups.size();
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

  void wake(std::uint32_t rank) {
    if (is_awake_[rank] != 0) return;
    is_awake_[rank] = 1;
    awake_.push_back(rank);
  }

  void wake_watchers(const FoldRank& rank) {
    std::erase_if(watchers_[rank.number()], [&](const Watcher& watcher) {
      const bool looks = watcher.end == nullptr || *watcher.end != watcher.known || rank.settled() >= watcher.known;
      if (looks) wake(watcher.rank);
      return looks;
    });
  }

  void advance(FoldRank& rank) {
    while (composes_ && !rank.is_done()) {
      const std::int64_t begin = entry_time(rank);
      if (begin == never) return;
      start(rank, begin);
      wake_watchers(rank);
    }
  }

  void start(FoldRank& rank, std::int64_t begin) {
    composes_ = rank.start(begin) && composes_;
    if (!rank.is_done()) return;
    due_[rank.number()] = never;
    --unfinished_;
  }

  /// When a group may start, as far as what it waits for tells.
  struct Entry {
    std::int64_t own = 0;     ///< Its rank starts nothing before.
    std::int64_t latest = 0;  ///< never: something has no known end.
    bool settled = true;      ///< No other rank may still delay it.
  };
  /// `at`: where the end is kept; null: it is not kept.
  void wait_for(Entry& entry, const FoldRank& rank, std::int32_t of_rank, std::int64_t end, const std::int64_t* at) {
    entry.latest = std::max(entry.latest, end);
    if (of_rank == static_cast<std::int32_t>(rank.number())) {
      entry.own = std::max(entry.own, end);
    } else if (of_rank != StepRecord::all_ranks && !is_settled(of_rank, end)) {
      entry.settled = false;
      watchers_[static_cast<std::size_t>(of_rank)].push_back({rank.number(), at, end});
    }
  }
  void wait_for(Entry& entry, const FoldRank& rank, StepTask before) {
    const std::int32_t of_rank = step_.record.rank_of(before.item);
    const std::int64_t end = of_rank == StepRecord::all_ranks ? step_.log.joint_end.value_or(never) : step_.ends.of(before);
    wait_for(entry, rank, of_rank, end, nullptr);
  }

  void wait_for_passes(Entry& entry, const FoldRank& rank, std::uint32_t pass) {
    for (const PipelineWiring::Wait& wait : wiring_->waits_of(pass)) {
      const auto stage = static_cast<std::int32_t>(wait.stage);
      if (wait.sent != 0) {
        const std::int64_t& end = step_.log.sent_ends[wait.pass];
        wait_for(entry, rank, stage, end, &end);
      } else {
        wait_for(entry, rank, stage, step_.ends.of(wait), nullptr);
      }
      if (entry.latest == never) return;
    }
    for (const FoldPlan::EntryWait& wait : rank.entry_waits()) {
      if (wait.group != rank.next()) return;
      wait_for(entry, rank, wait.before);
      if (entry.latest == never) return;
    }
  }

  /// When the rank's next group may start; never: not yet known, or another rank may still delay it.
  std::int64_t entry_time(FoldRank& rank) {
    Entry entry{.own = rank.settled(), .latest = rank.settled()};
    const std::uint32_t item = rank.next_item();
    if (step_items::is_wired(item)) {
      wait_for_passes(entry, rank, step_items::pass_of(item));
    } else {
      static_cast<void>(step_.record.all_waits(step_.record.items[item], [&](StepTask before) {
        wait_for(entry, rank, before);
        return entry.latest != never;
      }));
    }
    const bool known = entry.latest != never;
    if (known && entry.own > rank.settled()) {
      rank.settle(entry.own);
      wake_watchers(rank);
    }
    due_[rank.number()] = known && !entry.settled ? entry.latest : never;
    return known && entry.settled ? entry.latest : never;
  }

  [[nodiscard]] bool is_settled(std::int32_t rank, std::int64_t end) const {
    return end <= std::max(now_, ranks_[static_cast<std::size_t>(rank)].settled());
  }

  /// Where every rank waits for another, the first of them to start settles what ends until then.
  bool settle_next() {
    const std::int64_t first = *std::min_element(due_.begin(), due_.end());
    if (first == never) return false;
    now_ = first;
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
  const PipelineWiring* wiring_;  ///< Null: the step has no pipeline.
  std::size_t known_tasks_;       ///< Simulated before.
  std::vector<FoldRank> ranks_;
  std::size_t unfinished_;                      ///< Ranks with groups to come.
  std::vector<std::vector<Watcher>> watchers_;  ///< By rank: of its tasks.
  std::vector<std::uint8_t> is_awake_;
  std::vector<std::uint32_t> awake_;  ///< Ranks that look whether they may go on.
  /// By rank: its next group starts then if what it waits for is not delayed; never: not yet known.
  std::vector<std::int64_t> due_;
  std::int64_t now_ = 0;  ///< No group starts before.
  bool composes_ = true;
};

}  // namespace

std::optional<Folded> fold(const StepGraph& step, std::span<const double> slowdown, FoldMemory& memory) {
  const StepRecord& record = step.record();
  const std::vector<UsageId> usages = memory.usages_of(record.table);
  const std::optional<FoldPlan> plan = plan_fold(record, FoldRows(record.table, usages), slowdown, memory.kinds());
  if (!plan) return std::nullopt;
  memory.outcomes().make_room();
  return Folding(record, *plan, memory.outcomes()).run();
}

std::optional<Folded> fold(const StepGraph& step, std::span<const double> slowdown) {
  FoldMemory memory(step.contention());
  return fold(step, slowdown, memory);
}

std::optional<Folded> fold(const StepGraph& step, const Scenario& scenario, FoldMemory& memory) {
  if (scenario.variation && scenario.variation->jitter) return std::nullopt;  // no two passes are alike
  const std::vector<ReplicaClass> classes = replica_classes(scenario);
  if (classes.size() != 1) return std::nullopt;
  if (!scenario.variation) return fold(step, std::vector<double>(static_cast<std::size_t>(step.ranks()), 1.0), memory);
  return fold(step, classes.front().slowdown, memory);
}

std::optional<Folded> fold(const StepGraph& step, const Scenario& scenario) {
  FoldMemory memory(step.contention());
  return fold(step, scenario, memory);
}

}  // namespace mfusim
