// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_periods.hpp"

#include "sim/clock_sum.hpp"
#include "sim/engine_linear.hpp"

#include <algorithm>

namespace mfusim {
namespace {

using Groups = std::vector<FoldLog::Group>;

/// The first group of a rank that begins then or later.
std::size_t first_from(const Groups& groups, std::int64_t time) {
  const auto at = std::lower_bound(groups.begin(), groups.end(), time,
                                   [](const FoldLog::Group& group, std::int64_t then) { return group.begin < then; });
  return static_cast<std::size_t>(at - groups.begin());
}

class RecurrenceSearch {
 public:
  RecurrenceSearch(const StepRecord& record, const FoldPlan& plan, const FoldLog& log, const FoldEnds& ends)
      : record_(record), plan_(plan), log_(log), ends_(ends), ranks_(log.ranks.size()) {}

  std::optional<Recurrence> run() {
    if (record_.repetitions.size() != ranks_ || !find_later_cut()) return std::nullopt;
    for (std::int64_t periods = 1; moves_back(periods); ++periods) {
      if (record_.periods_left_out % periods == 0 && recurs()) return Recurrence{periods, later_by(), earlier_};
    }
    return std::nullopt;
  }

 private:
  /// Groups of a rank that repeat: its first group has no pass.
  [[nodiscard]] std::size_t first_group(std::size_t rank) const { return record_.repetitions[rank].first + 1; }
  [[nodiscard]] std::size_t last_group(std::size_t rank) const { return record_.repetitions[rank].last + 1; }

  /// The later cut is the last moment at which every rank repeats, where the rank that stops first does so.
  bool find_later_cut() {
    later_time_ = never;
    for (std::size_t rank = 0; rank < ranks_; ++rank) {
      if (record_.repetitions[rank].period == 0 || first_group(rank) >= last_group(rank)) return false;
      const std::int64_t end = log_.ranks[rank][last_group(rank)].begin;
      if (end < later_time_) stops_first_ = rank;
      later_time_ = std::min(later_time_, end);
    }
    later_ = cut_at(later_time_);
    return true;
  }

  [[nodiscard]] std::vector<std::size_t> cut_at(std::int64_t time) const {
    std::vector<std::size_t> cut;
    for (const Groups& groups : log_.ranks) cut.push_back(first_from(groups, time));
    return cut;
  }

  /// Puts the earlier cut so many periods before the later one; false where ranks do not repeat there.
  bool moves_back(std::int64_t periods) {
    shift_.clear();
    for (std::size_t rank = 0; rank < ranks_; ++rank) {
      shift_.push_back(static_cast<std::size_t>(periods) * record_.repetitions[rank].period);
      if (later_[rank] < first_group(rank) + shift_[rank]) return false;
    }
    time_ = log_.ranks[stops_first_][later_[stops_first_] - shift_[stops_first_]].begin;
    return true;
  }

  bool recurs() {
    earlier_ = cut_at(time_);
    for (std::size_t rank = 0; rank < ranks_; ++rank) {
      if (earlier_[rank] < first_group(rank) || earlier_[rank] + shift_[rank] != later_[rank]) return false;
      if (!same_state(rank)) return false;
    }
    return waits_recur();
  }

  [[nodiscard]] std::int64_t later_by() const { return later_time_ - time_; }

  [[nodiscard]] bool same_state(std::size_t rank) const {
    const FoldLog::Group& before = log_.ranks[rank][earlier_[rank] - 1];
    const FoldLog::Group& after = log_.ranks[rank][later_[rank] - 1];
    return before.outcome == after.outcome && after.begin - before.begin == later_by() && host_recurs(rank, before, after);
  }

  /// The host keeps its distance; or it is, and with each period more so, too far ahead to matter.
  [[nodiscard]] bool host_recurs(std::size_t rank, const FoldLog::Group& before, const FoldLog::Group& after) const {
    const std::int64_t host = after.host_end - before.host_end;
    if (host == later_by() || log_.ranks[rank].back().host_end == 0) return true;
    if (host > later_by()) return false;
    for (std::size_t group = earlier_[rank]; group < log_.ranks[rank].size(); ++group) {
      const FoldPattern* pattern = plan_.ranks[rank][static_cast<std::uint32_t>(group)].pattern;
      if (pattern != nullptr && log_.ranks[rank][group].outcome->host_lag != -pattern->host_time) return false;
    }
    return true;
  }

  /// What groups behind the earlier cut wait for before it.
  [[nodiscard]] bool waits_recur() const {
    for (std::size_t rank = 0; rank < ranks_; ++rank) {
      for (std::size_t group = earlier_[rank]; group < plan_.ranks[rank].size(); ++group) {
        const std::uint32_t item = plan_.ranks[rank].item_of(static_cast<std::uint32_t>(group));
        const bool recur = step_items::is_wired(item) ? waits_of_pass_recur(step_items::pass_of(item))
                                                      : waits_of_item_recur(record_.items[item]);
        if (!recur) return false;
      }
      for (const FoldPlan::EntryWait& wait : plan_.entry_waits[rank]) {
        if (wait.group >= earlier_[rank] && !end_recurs(wait.before)) return false;
      }
    }
    if (!plan_.joint) return true;
    for (const std::uint32_t before : plan_.joint->before) {
      if (before != FoldPlan::none && !end_recurs({before, 0})) return false;
    }
    return waits_of_item_recur(record_.items[plan_.joint->item]);
  }

  [[nodiscard]] bool waits_of_item_recur(const StepRecord::Item& item) const {
    return record_.all_waits(item, [&](StepTask before) { return end_recurs(before); });
  }

  [[nodiscard]] bool waits_of_pass_recur(std::uint32_t pass) const {
    const PipelineWiring& wiring = *record_.passes->wiring;
    for (const PipelineWiring::Wait& wait : wiring.waits_of(pass)) {
      const std::uint32_t group = wait.pass - wiring.first(wait.stage) + 1;
      if (group >= earlier_[wait.stage]) continue;
      const std::int64_t end = ends_.of(wait);
      if (end <= time_) continue;
      if (group < first_group(wait.stage)) return false;
      PipelineWiring::Wait again = wait;
      again.pass += static_cast<std::uint32_t>(shift_[wait.stage]);
      if (ends_.of(again) != end + later_by()) return false;
    }
    return true;
  }

  /// What ended before the earlier cut delays nobody behind it.
  [[nodiscard]] bool end_recurs(StepTask task) const {
    const std::int32_t of_rank = record_.rank_of(task.item);
    if (of_rank == StepRecord::all_ranks) return true;  // the end of the step
    const auto rank = static_cast<std::size_t>(of_rank);
    const std::uint32_t group = group_of(record_, plan_, task.item);
    if (group >= earlier_[rank]) return true;
    const std::int64_t end = ends_.of(task);
    if (end <= time_) return true;
    if (group < first_group(rank)) return false;
    const std::uint32_t again = again_of(task.item, rank, group);
    return again != FoldPlan::none && ends_.of(StepTask{again, task.index}) == end + later_by();
  }

  /// The item that an item of a repeating group comes again as.
  [[nodiscard]] std::uint32_t again_of(std::uint32_t item, std::size_t rank, std::uint32_t group) const {
    const FoldGroup here = plan_.ranks[rank][group];
    const FoldGroup later = plan_.ranks[rank][group + static_cast<std::uint32_t>(shift_[rank])];
    if (here.item == item) return later.item;
    if (here.sent == item) return later.sent;
    std::uint32_t step = here.first_step;
    std::uint32_t again = later.first_step;
    while (step != item && step != FoldPlan::none && again != FoldPlan::none) {
      step = plan_.next_step[step];
      again = plan_.next_step[again];
    }
    return step == item ? again : FoldPlan::none;
  }

  const StepRecord& record_;
  const FoldPlan& plan_;
  const FoldLog& log_;
  const FoldEnds& ends_;
  std::size_t ranks_;
  std::size_t stops_first_ = 0;
  std::int64_t later_time_ = 0;
  std::int64_t time_ = 0;             ///< Of the earlier cut.
  std::vector<std::size_t> later_;    ///< By rank: the first group behind the later cut.
  std::vector<std::size_t> earlier_;  ///< Behind the earlier one.
  std::vector<std::size_t> shift_;    ///< Groups of a rank between them.
};

/// The latest end of what goes on behind the last group of each rank.
std::int64_t last_end(const FoldLog& log) {
  std::int64_t last = log.joint_end.value_or(0);
  for (const Groups& groups : log.ranks)
    last = std::max(last, clock_sum(groups.back().begin, groups.back().outcome->outcome.end));
  return last;
}

}  // namespace

std::optional<Recurrence> find_recurrence(const StepRecord& record, const FoldPlan& plan, const FoldLog& log,
                                          const FoldEnds& ends) {
  return RecurrenceSearch(record, plan, log, ends).run();
}

std::int64_t makespan_of(const FoldLog& log) {
  std::int64_t makespan = last_end(log);
  for (const FoldLog::LeftOut& task : log.left_out) makespan = std::max(makespan, task.end);
  return makespan;
}

std::int64_t makespan_of(const FoldLog& log, const Recurrence& recurrence, std::int64_t periods_left_out) {
  std::int64_t delay = 0;
  if (__builtin_mul_overflow(periods_left_out / recurrence.periods, recurrence.time, &delay)) throw_clock_overflow(0);
  std::int64_t makespan = clock_sum(last_end(log), delay);
  for (const FoldLog::LeftOut& task : log.left_out) {
    const bool delayed = task.group >= recurrence.groups[task.rank];
    makespan = std::max(makespan, delayed ? clock_sum(task.end, delay) : task.end);
  }
  return makespan;
}

}  // namespace mfusim
