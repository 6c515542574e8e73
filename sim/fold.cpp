// SPDX-License-Identifier: Apache-2.0
#include "sim/fold.hpp"

#include "sim/clock_sum.hpp"
#include "sim/fold_periods.hpp"
#include "sim/variation.hpp"

#include <algorithm>

namespace mfusim {
namespace {

constexpr std::int64_t never = FoldEnds::never;

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
      : record_(record), plan_(plan), outcomes_(plan, sharing), ends_(record) {
    for (std::size_t rank = 0; rank < plan.ranks.size(); ++rank) ranks_.push_back({.number = rank});
    for (const auto& groups : plan.ranks) log_.ranks.emplace_back().reserve(groups.size());
    for (Rank& rank : ranks_) start(rank, 0);
  }

  std::optional<Folded> run() {
    while (unfinished_ > 0 && composes_) {
      bool moved = false;
      for (Rank& rank : ranks_) moved = advance(rank) || moved;
      if (!moved && !settle_next()) return std::nullopt;  // a cycle: the task graph names it
    }
    if (!composes_ || (plan_.joint && joint_end_ == never)) return std::nullopt;
    return answer();
  }

 private:
  /// A task that another rank, or all, have to end first; and how far that rank was when this was looked at.
  struct Awaited {
    TaskId task = 0;
    std::uint32_t item = 0;
    std::size_t next = 0;
    std::int64_t settled = 0;
  };
  struct Rank {
    std::size_t number = 0;
    std::size_t next = 0;                 ///< Its next group.
    OutcomeNode* outcome = nullptr;       ///< Of its last group.
    std::int64_t begin = 0;               ///< Of its last group.
    std::int64_t settled = 0;             ///< What ends until then is settled.
    std::int64_t host_end = 0;            ///< Of the launches of its groups.
    std::optional<Awaited> blocked_by{};  ///< What its next group waits for, where that is not known yet.
    std::vector<TaskId> unfinished{};     ///< Tasks of the last group's situation.
  };

  [[nodiscard]] Folded answer() const {
    Folded folded{.groups = groups_, .simulated_tasks = outcomes_.simulated_tasks()};
    if (record_.periods_left_out == 0) {
      folded.makespan = Picoseconds(makespan_of(log_));
    } else if (const auto recurrence = find_recurrence(record_, plan_, log_, ends_)) {
      folded.makespan = Picoseconds(makespan_of(log_, *recurrence, record_.periods_left_out));
      folded.periods_skipped = record_.periods_left_out;
    } else {
      folded.complete = false;
    }
    return folded;
  }

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
    if (rank.blocked_by && still_blocked(rank, *rank.blocked_by)) return never;
    rank.blocked_by.reset();
    std::int64_t begin = clock_sum(rank.begin, rank.outcome->outcome.kernels_end);
    const bool known = record_.all_waits(record_.items[group.item], [&](TaskId before, std::uint32_t source) {
      begin = std::max(begin, released(rank, before, source));
      if (begin == never) rank.blocked_by = awaited(before, source);
      return begin != never;
    });
    return known ? begin : never;
  }

  [[nodiscard]] Awaited awaited(TaskId task, std::uint32_t item) const {
    const std::int32_t of_rank = record_.items[item].rank;
    if (of_rank == StepRecord::all_ranks) return {task, item};
    const Rank& other = ranks_[static_cast<std::size_t>(of_rank)];
    return {task, item, other.next, other.settled};
  }

  bool still_blocked(const Rank& rank, const Awaited& before) {
    const std::int32_t of_rank = record_.items[before.item].rank;
    if (of_rank != StepRecord::all_ranks) {
      const Rank& other = ranks_[static_cast<std::size_t>(of_rank)];
      if (other.next == before.next && other.settled == before.settled) return true;  // it got no further
    }
    return released(rank, before.task, before.item) == never;
  }

  /// What a rank itself waits for is settled for it: nothing starts there before.
  std::int64_t released(const Rank& rank, TaskId before, std::uint32_t item) {
    const std::int32_t of_rank = record_.items[item].rank;
    if (of_rank == StepRecord::all_ranks) return joint_end();
    const End end = end_of(item, before);
    return end.settled || (end.known() && static_cast<std::size_t>(of_rank) == rank.number) ? end.time : never;
  }

  [[nodiscard]] End end_of(std::uint32_t item, TaskId task) const {
    const std::int64_t time = ends_.of(item, task);
    const auto rank = static_cast<std::size_t>(record_.items[item].rank);
    return {time, time != never && time <= ranks_[rank].settled};
  }

  std::int64_t joint_end() {
    if (joint_end_ != never) return joint_end_;
    const StepRecord::Item& item = record_.items[plan_.joint->item];
    std::int64_t start = 0;
    const bool known = record_.all_waits(item, [&](TaskId before, std::uint32_t source) {
      const End end = end_of(source, before);
      start = std::max(start, end.time);
      return end.settled;
    });
    if (!known) return never;
    for (const std::uint32_t before : plan_.joint->before) {
      if (before == FoldPlan::none) continue;
      const End end = end_of(before, record_.items[before].first);
      if (!end.settled) return never;
      start = std::max(start, end.time);
    }
    joint_end_ = clock_sum(start, record_.table[item.row].duration.count());
    log_.joint_end = joint_end_;
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
    log_.ranks[rank.number].push_back({begin, rank.outcome, rank.host_end});
    note_ends(rank, group);
    rank.settled = ++rank.next == groups_of(rank).size() ? never : clock_sum(begin, rank.outcome->outcome.kernels_end);
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
    for (const std::uint32_t task : outcome.tail) {
      const std::int64_t end = clock_sum(rank.begin, outcome.ends[task]);
      if (end > begin && std::find(node.tasks.begin(), node.tasks.end(), task) == node.tasks.end())
        log_.left_out.push_back({rank.number, rank.next - 1, end});
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
    for (std::size_t i = 0; i < rank.unfinished.size(); ++i)
      ends_.set_late(rank.unfinished[i], rank.begin + outcome.ends[i], plan_.awaited);
    std::size_t step = rank.unfinished.size() + (group.pattern == nullptr ? 0 : group.pattern->tasks.size());
    for (std::uint32_t item = group.first_step; item != FoldPlan::none; item = plan_.next_step[item])
      ends_.set_step(item, clock_sum(rank.begin, outcome.ends[step++]));
    if (group.item != FoldPlan::none) ends_.set_started(group.item, outcome, rank.begin);
    check_early_waits(rank);
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
        const std::int64_t end = clock_sum(rank.begin, rank.outcome->outcome.ends[task]);
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
  FoldEnds ends_;
  FoldLog log_;
  std::vector<TaskId> names_;
  std::int64_t joint_end_ = never;
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
