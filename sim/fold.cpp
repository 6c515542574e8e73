// SPDX-License-Identifier: Apache-2.0
#include "sim/fold.hpp"

#include "sim/clock_sum.hpp"
#include "sim/fold_memory.hpp"
#include "sim/fold_periods.hpp"
#include "sim/variation.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Takes ranks forward group by group, each as far as the others let it.
class Folding {
 public:
  Folding(const StepRecord& record, const FoldPlan& plan, Outcomes& outcomes)
      : record_(record),
        wiring_(record.passes ? record.passes->wiring.get() : nullptr),
        plan_(plan),
        outcomes_(outcomes),
        known_tasks_(outcomes.simulated_tasks()),
        due_(plan.ranks.size(), never),
        ends_(record, log_) {
    for (const auto& groups : plan.ranks) log_.ranks.emplace_back(groups.size());
    for (std::uint32_t rank = 0; rank < plan.ranks.size(); ++rank) {
      ranks_.push_back({.number = rank,
                        .groups = plan.ranks[rank],
                        .log = log_.ranks[rank].data(),
                        .first_pass = wiring_ == nullptr ? 0 : wiring_->first(rank),
                        .entry_waits = plan.entry_waits[rank]});
    }
    for (Rank& rank : ranks_) start(rank, 0);
    for (Rank& rank : ranks_) wake(rank);
  }

  std::optional<Folded> run() {
    while (unfinished_ > 0 && composes_) {
      if (awake_.empty() && !settle_next() && !end_joint()) return std::nullopt;  // a cycle: the task graph names it
      while (!awake_.empty()) {
        Rank& rank = ranks_[awake_.back()];
        awake_.pop_back();
        rank.awake = false;
        advance(rank);
      }
    }
    if (composes_ && plan_.joint && joint_end_ == never) static_cast<void>(end_joint());
    if (!composes_ || (plan_.joint && joint_end_ == never)) return std::nullopt;
    return answer();
  }

 private:
  /// A rank that looks again when a task of another one has a known end, is delayed, or can no longer be.
  struct Watcher {
    std::uint32_t rank = 0;
    const std::int64_t* end = nullptr;  ///< Of that task; null: it looks whenever the other rank gets further.
    std::int64_t known = never;         ///< What it was.
  };

  struct Rank {
    std::uint32_t number = 0;
    std::span<const FoldGroup> groups{};
    FoldLog::Group* log = nullptr;                       ///< By group.
    std::uint32_t first_pass = 0;                        ///< The pass of its group 1.
    std::span<const FoldPlan::EntryWait> entry_waits{};  ///< From its next group on.
    std::size_t next = 0;                                ///< Its next group.
    OutcomeNode* outcome = nullptr;                      ///< Of its last group.
    std::int64_t begin = 0;                              ///< Of its last group.
    std::int64_t settled = 0;                            ///< Its next group starts no earlier: what ends until then is settled.
    std::int64_t host_end = 0;                           ///< Of the launches of its groups.
    std::uint32_t streams = 0;                           ///< That groups from `next` on use, up to the group `same_streams`.
    std::size_t same_streams = 0;
    bool awake = false;                  ///< Looks whether its next group may start.
    std::vector<Watcher> watchers{};     ///< Of its tasks.
    std::vector<StepTask> unfinished{};  ///< Tasks of the last group's situation.
  };

  [[nodiscard]] Folded answer() const {
    Folded folded{.groups = groups_, .simulated_tasks = outcomes_.simulated_tasks() - known_tasks_};
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

  void wake(Rank& rank) {
    if (rank.awake) return;
    rank.awake = true;
    awake_.push_back(rank.number);
  }

  void wake_watchers(Rank& rank) {
    std::erase_if(rank.watchers, [&](const Watcher& watcher) {
      const bool looks = watcher.end == nullptr || *watcher.end != watcher.known || rank.settled >= watcher.known;
      if (looks) wake(ranks_[watcher.rank]);
      return looks;
    });
  }

  void advance(Rank& rank) {
    while (composes_ && rank.next < rank.groups.size()) {
      const std::int64_t begin = entry_time(rank, rank.groups[rank.next].item);
      if (begin == never) return;
      start(rank, begin);
      wake_watchers(rank);
    }
  }

  /// When a group may start, as far as what it waits for tells.
  struct Entry {
    std::int64_t own = 0;     ///< Its rank starts nothing before.
    std::int64_t latest = 0;  ///< never: something has no known end.
    bool settled = true;      ///< No other rank may still delay it.
  };
  /// `at`: where the end is kept; null: it is not kept.
  void wait_for(Entry& entry, Rank& rank, std::int32_t of_rank, std::int64_t end, const std::int64_t* at) {
    entry.latest = std::max(entry.latest, end);
    if (of_rank == static_cast<std::int32_t>(rank.number)) {
      entry.own = std::max(entry.own, end);
    } else if (of_rank != StepRecord::all_ranks && !is_settled(of_rank, end)) {
      entry.settled = false;
      ranks_[static_cast<std::size_t>(of_rank)].watchers.push_back({rank.number, at, end});
    }
  }
  void wait_for(Entry& entry, Rank& rank, StepTask before) {
    const std::int32_t of_rank = record_.rank_of(before.item);
    wait_for(entry, rank, of_rank, of_rank == StepRecord::all_ranks ? joint_end_ : ends_.of(before), nullptr);
  }

  void wait_for_passes(Entry& entry, Rank& rank, std::uint32_t pass) {
    for (const PipelineWiring::Wait& wait : wiring_->waits_of(pass)) {
      const Rank& other = ranks_[wait.stage];
      const std::int64_t& sent_end = other.log[wait.pass - other.first_pass + 1].sent_end;
      const std::int64_t end = wait.sent ? sent_end : ends_.of(wait);
      wait_for(entry, rank, wait.stage, end, wait.sent ? &sent_end : nullptr);
      if (entry.latest == never) return;
    }
    for (const FoldPlan::EntryWait& wait : rank.entry_waits) {
      if (wait.group != rank.next) return;
      wait_for(entry, rank, wait.before);
      if (entry.latest == never) return;
    }
  }

  /// When the rank's next group may start; never: not yet known, or another rank may still delay it.
  std::int64_t entry_time(Rank& rank, std::uint32_t item) {
    Entry entry{.own = rank.settled, .latest = rank.settled};
    if (step_items::is_wired(item)) {
      wait_for_passes(entry, rank, step_items::pass_of(item));
    } else {
      static_cast<void>(record_.all_waits(record_.items[item], [&](StepTask before) {
        wait_for(entry, rank, before);
        return entry.latest != never;
      }));
    }
    const bool known = entry.latest != never;
    if (known && entry.own > rank.settled) {
      rank.settled = entry.own;
      wake_watchers(rank);
    }
    due_[rank.number] = known && !entry.settled ? entry.latest : never;
    return known && entry.settled ? entry.latest : never;
  }

  [[nodiscard]] bool is_settled(std::int32_t rank, std::int64_t end) const {
    return end <= std::max(now_, ranks_[static_cast<std::size_t>(rank)].settled);
  }

  /// Where every rank waits for another, the first of them to start settles what ends until then.
  bool settle_next() {
    const std::int64_t first = *std::min_element(due_.begin(), due_.end());
    if (first == never) return false;
    now_ = first;
    for (std::size_t rank = 0; rank < due_.size(); ++rank) {
      if (due_[rank] == first) wake(ranks_[rank]);
    }
    return true;
  }

  /// Where every rank has ended or waits for the joint step: nothing starts before it any more. False where it has ended already,
  /// or is not known either.
  bool end_joint() {
    if (!plan_.joint || joint_end_ != never) return false;
    const StepRecord::Item& item = record_.items[plan_.joint->item];
    std::int64_t start = 0;
    const bool known = record_.all_waits(item, [&](StepTask before) {
      start = std::max(start, ends_.of(before));
      return start != never;
    });
    if (!known) return false;
    for (const std::uint32_t before : plan_.joint->before) {
      if (before != FoldPlan::none) start = std::max(start, ends_.of(StepTask{before, 0}));
    }
    if (start == never) return false;
    joint_end_ = clock_sum(start, record_.table[item.row].duration.count());
    log_.joint_end = joint_end_;
    for (Rank& rank : ranks_) wake(rank);
    return true;
  }

  void start(Rank& rank, std::int64_t begin) {
    const FoldGroup& group = rank.groups[rank.next];
    const CutNode* under_way = rank.outcome == nullptr ? nullptr : leave(rank, begin);
    const std::int64_t host_time = group.pattern == nullptr ? 0 : group.pattern->host_time;
    const std::int64_t lag = host_time == 0 ? 0 : std::max(rank.host_end - begin, -host_time);
    rank.host_end += host_time;
    rank.outcome = &outcomes_.of(under_way, group.kind, lag);
    rank.begin = begin;
    rank.log[rank.next] = {begin, rank.outcome, rank.host_end};
    note_ends(rank, group);
    rank.settled = clock_sum(begin, rank.outcome->outcome.kernels_end);
    while (!rank.entry_waits.empty() && rank.entry_waits.front().group <= rank.next)
      rank.entry_waits = rank.entry_waits.subspan(1);
    if (++rank.next == rank.groups.size()) {
      rank.settled = never;
      due_[rank.number] = never;
      --unfinished_;
    }
    ++groups_;
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
  [[nodiscard]] std::uint32_t streams_to_come(Rank& rank) const {
    if (rank.next <= rank.same_streams) return rank.streams;
    rank.streams = 0;
    rank.same_streams = static_cast<std::size_t>(-1);
    for (std::uint32_t stream = 0; stream < streams_per_rank; ++stream) {
      const std::uint32_t last = plan_.last_use[rank.number][stream];
      if (last < rank.next) continue;
      rank.streams |= 1U << stream;
      rank.same_streams = std::min<std::size_t>(rank.same_streams, last);
    }
    return rank.streams;
  }

  /// The id of a task of the rank's last outcome.
  [[nodiscard]] StepTask name_of(const Rank& rank, std::uint32_t task) const {
    const FoldGroup& group = rank.groups[rank.next - 1];
    if (task < rank.unfinished.size()) return rank.unfinished[task];
    task -= static_cast<std::uint32_t>(rank.unfinished.size());
    const std::size_t body = group.pattern == nullptr ? 0 : group.pattern->tasks.size();
    if (task < body) return {group.item, task};
    std::size_t step = body;
    if (group.sent != FoldPlan::none && step++ == task) return {group.sent, 0};
    std::uint32_t item = group.first_step;
    for (; step < task; ++step) item = plan_.next_step[item];
    return {item, 0};
  }

  /// Writes down when the rank's steps end, and its unfinished tasks, if nothing else starts.
  void note_ends(Rank& rank, const FoldGroup& group) {
    const Outcome& outcome = rank.outcome->outcome;
    for (std::size_t i = 0; i < rank.unfinished.size(); ++i)
      ends_.set_late(rank.unfinished[i], rank.begin + outcome.ends[i], plan_.is_awaited(rank.unfinished[i].item));
    std::size_t step = rank.unfinished.size() + (group.pattern == nullptr ? 0 : group.pattern->tasks.size());
    FoldLog::Group& log = rank.log[rank.next];
    plan_.for_each_step(group,
                        [&](std::uint32_t item) { ends_.set_step(item, log, clock_sum(rank.begin, outcome.ends[step++])); });
    if (group.item != FoldPlan::none && !step_items::is_wired(group.item)) ends_.set_started(group.item, outcome, rank.begin);
    if (!plan_.early.empty()) check_early_waits(rank);
  }

  /// Steps that wait for communication of earlier groups do so only in name: it must have ended.
  void check_early_waits(const Rank& rank) {
    for (const auto& [item, before] : plan_.early) {
      if (record_.items[item].rank != static_cast<std::int32_t>(rank.number) || plan_.group_of[item] != rank.next) continue;
      if (std::find(rank.unfinished.begin(), rank.unfinished.end(), before) != rank.unfinished.end()) composes_ = false;
    }
  }

  const StepRecord& record_;
  const PipelineWiring* wiring_;  ///< Null: the step has no pipeline.
  const FoldPlan& plan_;
  Outcomes& outcomes_;
  std::size_t known_tasks_;  ///< Simulated before.
  std::vector<Rank> ranks_;
  /// By rank: its next group starts then if what it waits for is not delayed; never: not yet known.
  std::vector<std::int64_t> due_;
  std::vector<std::uint32_t> awake_;  ///< Ranks that look whether they may go on.
  std::int64_t now_ = 0;              ///< No group starts before.
  std::size_t unfinished_ = plan_.ranks.size();
  FoldLog log_;
  FoldEnds ends_;
  std::vector<StepTask> names_;
  std::int64_t joint_end_ = never;
  std::size_t groups_ = 0;
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
