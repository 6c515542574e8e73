// SPDX-License-Identifier: Apache-2.0
#include "sim/fold.hpp"

#include "sim/engine_linear.hpp"
#include "sim/fold_outcomes.hpp"
#include "sim/fold_plan.hpp"
#include "sim/variation.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace mfusim {
namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

std::int64_t sum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) throw_clock_overflow(0);
  return result;
}

/// When a task ends, as far as it is known. Not settled: another group that starts before it ends may still delay it.
struct End {
  std::int64_t time = never;
  bool settled = false;
  [[nodiscard]] bool known() const { return time != never; }
};

/// Takes ranks forward group by group, each as far as the others let it.
class Folding {
 public:
  Folding(const StepRecord& record, const FoldPlan& plan, const SharingModel& sharing)
      : record_(record),
        plan_(plan),
        outcomes_(plan, sharing),
        step_end_(record.items.size(), never),
        started_(record.items.size()) {
    for (std::size_t rank = 0; rank < plan.ranks.size(); ++rank) ranks_.push_back({.number = rank});
    for (Rank& rank : ranks_) start(rank, 0);
  }

  std::optional<Folded> run() {
    while (unfinished_ > 0 && composes_) {
      bool moved = false;
      for (Rank& rank : ranks_) moved = advance(rank) || moved;
      if (!moved && !settle_next()) return std::nullopt;  // a cycle: the task graph names it
    }
    if (!composes_ || (plan_.joint && joint_end_ == never)) return std::nullopt;
    for (const Rank& rank : ranks_) makespan_ = std::max(makespan_, sum(rank.begin, rank.outcome->outcome.end));
    return Folded{Picoseconds(makespan_), groups_, outcomes_.simulated_tasks()};
  }

 private:
  struct Rank {
    std::size_t number = 0;
    std::size_t next = 0;                ///< Its next group.
    OutcomeNode* outcome = nullptr;      ///< Of its last group.
    std::int64_t begin = 0;              ///< Of its last group.
    std::int64_t settled = 0;            ///< What ends until then is settled.
    std::int64_t host_end = 0;           ///< Of the launches of its groups.
    std::optional<TaskId> blocked_by{};  ///< What its next group waits for, where that is not known yet.
    std::vector<TaskId> unfinished{};    ///< Tasks of the last group's situation.
  };
  /// The group of an item that has started.
  struct Started {
    const Outcome* outcome = nullptr;
    std::int64_t begin = 0;
  };

  [[nodiscard]] const std::vector<FoldGroup>& groups_of(const Rank& rank) const { return plan_.ranks[rank.number]; }

  bool advance(Rank& rank) {
    bool moved = false;
    while (composes_ && rank.next < groups_of(rank).size()) {
      const std::int64_t begin = entry_time(rank, groups_of(rank)[rank.next]);
      if (begin == never) break;
      start(rank, begin);
      moved = true;
    }
    return moved;
  }

  /// When the rank's next group may start; never: not yet known.
  std::int64_t entry_time(Rank& rank, const FoldGroup& group) {
    if (rank.blocked_by && released(rank, *rank.blocked_by) == never) return never;
    rank.blocked_by.reset();
    const StepRecord::Item& item = record_.items[group.item];
    std::int64_t begin = sum(rank.begin, rank.outcome->outcome.kernels_end);
    const auto wait_for = [&](TaskId before) {
      begin = std::max(begin, released(rank, before));
      if (begin == never) rank.blocked_by = before;
      return begin != never;
    };
    for (const TaskId before : record_.waits_of(item)) {
      if (!wait_for(before)) return never;
    }
    for (std::uint32_t wait = item.late_wait; wait != StepRecord::none; wait = record_.late_waits[wait].previous) {
      if (!wait_for(record_.late_waits[wait].before)) return never;
    }
    return begin;
  }

  /// What a rank itself waits for is settled for it: nothing starts there before.
  std::int64_t released(const Rank& rank, TaskId before) {
    const std::uint32_t source = record_.item_of(before);
    const std::int32_t of_rank = record_.items[source].rank;
    if (of_rank == StepRecord::all_ranks) return joint_end();
    const End end = end_of(source, before);
    return end.settled || (end.known() && static_cast<std::size_t>(of_rank) == rank.number) ? end.time : never;
  }

  [[nodiscard]] End end_of(std::uint32_t item, TaskId task) const {
    const StepRecord::Item& one = record_.items[item];
    std::int64_t time = step_end_[item];
    if (const Started& group = started_[item]; group.outcome != nullptr) {
      const auto late = late_ends_.empty() ? late_ends_.end() : late_ends_.find(task);
      time = late != late_ends_.end() ? late->second
                                      : group.begin + group.outcome->ends[group.outcome->unfinished + task - one.first];
    }
    return {time, time != never && time <= ranks_[static_cast<std::size_t>(one.rank)].settled};
  }

  std::int64_t joint_end() {
    if (joint_end_ != never) return joint_end_;
    const StepRecord::Item& item = record_.items[plan_.joint->item];
    std::int64_t start = 0;
    for (const TaskId before : record_.waits_of(item)) {
      const End end = end_of(record_.item_of(before), before);
      if (!end.settled) return never;
      start = std::max(start, end.time);
    }
    for (const std::uint32_t before : plan_.joint->before) {
      if (before == FoldPlan::none) continue;
      const End end = end_of(before, record_.items[before].first);
      if (!end.settled) return never;
      start = std::max(start, end.time);
    }
    joint_end_ = sum(start, record_.table[item.row].duration.count());
    makespan_ = std::max(makespan_, joint_end_);
    return joint_end_;
  }

  void start(Rank& rank, std::int64_t begin) {
    const FoldGroup& group = groups_of(rank)[rank.next];
    const CutNode* under_way = rank.outcome == nullptr ? nullptr : leave(rank, begin);
    const std::int64_t host_time = group.pattern == nullptr ? 0 : group.pattern->host_time;
    const std::int64_t lag = host_time == 0 ? 0 : std::max(rank.host_end - begin, -host_time);
    rank.host_end += host_time;
    rank.outcome = &outcomes_.of(under_way, group.kind, lag);
    rank.begin = begin;
    note_ends(rank, group);
    rank.settled = ++rank.next == groups_of(rank).size() ? never : sum(begin, rank.outcome->outcome.kernels_end);
    ++groups_;
    if (rank.settled == never) --unfinished_;
  }

  /// Cuts the rank's last group off where the next one begins; its unfinished tasks go on beside it.
  const CutNode* leave(Rank& rank, std::int64_t begin) {
    const Outcome& outcome = rank.outcome->outcome;
    if (begin - rank.begin >= outcome.end) {
      rank.unfinished.clear();
      return nullptr;
    }
    const CutNode& node = outcomes_.cut_of(*rank.outcome, begin - rank.begin, streams_to_come(rank));
    for (const std::uint32_t task : outcome.tail) {  // what the cut leaves out has its end, which may be the latest of all
      if (std::find(node.tasks.begin(), node.tasks.end(), task) == node.tasks.end())
        makespan_ = std::max(makespan_, sum(rank.begin, outcome.ends[task]));
    }
    names_.clear();
    for (const std::uint32_t task : node.tasks) names_.push_back(name_of(rank, task));
    rank.unfinished.swap(names_);
    return &node;
  }

  /// Streams that groups from the rank's next one on use.
  [[nodiscard]] std::uint32_t streams_to_come(const Rank& rank) const {
    std::uint32_t streams = 0;
    for (std::uint32_t stream = 0; stream < streams_per_rank; ++stream) {
      if (plan_.last_use[rank.number][stream] >= rank.next) streams |= 1U << stream;
    }
    return streams;
  }

  /// The id of a task of the rank's last outcome.
  [[nodiscard]] TaskId name_of(const Rank& rank, std::uint32_t task) const {
    const FoldGroup& group = groups_of(rank)[rank.next - 1];
    if (task < rank.unfinished.size()) return rank.unfinished[task];
    task -= static_cast<std::uint32_t>(rank.unfinished.size());
    const std::size_t body = group.pattern == nullptr ? 0 : group.pattern->tasks.size();
    if (task < body) return record_.items[group.item].first + task;
    std::uint32_t item = group.first_step;
    for (std::size_t step = body; step < task; ++step) item = plan_.next_step[item];
    return record_.items[item].first;
  }

  /// Writes down when the rank's steps end, and its unfinished tasks, if nothing else starts.
  void note_ends(Rank& rank, const FoldGroup& group) {
    const Outcome& outcome = rank.outcome->outcome;
    for (std::size_t i = 0; i < rank.unfinished.size(); ++i) note_late_end(rank.unfinished[i], rank.begin + outcome.ends[i]);
    std::size_t step = rank.unfinished.size() + (group.pattern == nullptr ? 0 : group.pattern->tasks.size());
    for (std::uint32_t item = group.first_step; item != FoldPlan::none; item = plan_.next_step[item])
      step_end_[item] = sum(rank.begin, outcome.ends[step++]);
    if (group.item != FoldPlan::none) started_[group.item] = {&outcome, rank.begin};
    check_early_waits(rank);
  }

  void note_late_end(TaskId task, std::int64_t end) {
    const std::uint32_t item = record_.item_of(task);
    if (step_end_[item] != never) {
      step_end_[item] = end;
    } else if (plan_.awaited[item]) {
      late_ends_[task] = end;
    }
  }

  /// Steps that wait for communication of earlier groups do so only in name: it must have ended.
  void check_early_waits(const Rank& rank) {
    for (const auto& [item, before] : plan_.early) {
      if (record_.items[item].rank != static_cast<std::int32_t>(rank.number) || plan_.group_of[item] != rank.next) continue;
      if (std::find(rank.unfinished.begin(), rank.unfinished.end(), before) != rank.unfinished.end()) composes_ = false;
    }
  }

  /// Where every rank waits for another, what ends first is settled: no group starts before.
  bool settle_next() {
    std::int64_t first = never;
    for (const Rank& rank : ranks_) {
      if (rank.settled == never) continue;
      for (const std::uint32_t task : rank.outcome->outcome.tail) {
        const std::int64_t end = sum(rank.begin, rank.outcome->outcome.ends[task]);
        if (end > rank.settled) first = std::min(first, end);
      }
    }
    if (first == never) return false;
    for (Rank& rank : ranks_) rank.settled = std::max(rank.settled, first);
    return true;
  }

  const StepRecord& record_;
  const FoldPlan& plan_;
  Outcomes outcomes_;
  std::vector<Rank> ranks_;
  std::size_t unfinished_ = plan_.ranks.size();
  std::vector<std::int64_t> step_end_;                  ///< By item.
  std::vector<Started> started_;                        ///< By item.
  std::unordered_map<TaskId, std::int64_t> late_ends_;  ///< Of awaited tasks that outlived their group.
  std::vector<TaskId> names_;
  std::int64_t joint_end_ = never;
  std::int64_t makespan_ = 0;
  std::size_t groups_ = 0;
  bool composes_ = true;
};

SharingModel sharing_of_one_rank(const Contention& contention, const UsageClasses& classes) {
  SharingModel sharing;
  sharing.resources = resources_per_rank;
  const auto capacities = contention.capacities();
  for (std::size_t usage = 1; usage < classes.usages.size(); ++usage)
    static_cast<void>(add_usage(sharing, capacities, classes.usages[usage]));
  return sharing;
}

}  // namespace

std::optional<Folded> fold(const StepGraph& step, std::span<const double> slowdown) {
  const StepRecord& record = step.record();
  const UsageClasses classes = classify_usages(step.contention(), record.table);
  const FoldRows rows(record.table, classes);
  const std::optional<FoldPlan> plan = plan_fold(record, rows, slowdown);
  if (!plan) return std::nullopt;
  const SharingModel sharing = sharing_of_one_rank(step.contention(), classes);
  return Folding(record, *plan, sharing).run();
}

std::optional<Folded> fold(const StepGraph& step, const Scenario& scenario) {
  if (scenario.variation && scenario.variation->jitter) return std::nullopt;  // no two passes are alike
  const std::vector<ReplicaClass> classes = replica_classes(scenario);
  if (classes.size() != 1) return std::nullopt;
  if (!scenario.variation) return fold(step, std::vector<double>(static_cast<std::size_t>(step.ranks()), 1.0));
  return fold(step, classes.front().slowdown);
}

}  // namespace mfusim
