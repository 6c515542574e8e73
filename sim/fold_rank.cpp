// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_rank.hpp"

#include "sim/clock_sum.hpp"

#include <algorithm>

namespace mfusim {

FoldProgress::FoldProgress(const StepRecord& the_record, const FoldPlan& the_plan, Outcomes& the_outcomes)
    : record(the_record), plan(the_plan), outcomes(the_outcomes), ends(the_record, log), settled(the_plan.ranks.size()) {
  log.ranks.reserve(plan.ranks.size());
  for (const FoldGroups& groups : plan.ranks) log.ranks.emplace_back().reserve(groups.size());
  if (record.passes) log.sent_ends.assign(record.passes->wiring->size(), never);
}

FoldRank::FoldRank(FoldProgress& step, std::uint32_t number)
    : step_(step),
      plan_(step.plan),
      outcomes_(step.outcomes),
      ends_(step.ends),
      number_(number),
      walk_(step.plan.ranks[number]),
      log_(step.log.ranks[number]),
      settled_(&step.settled[number]),
      entry_waits_(step.plan.entry_waits[number]) {}

/// Streams that groups from the next one on use.
inline std::uint32_t FoldRank::streams_to_come() {
  const std::uint32_t next = walk_.place();
  if (next <= same_streams_) return streams_;
  streams_ = 0;
  same_streams_ = static_cast<std::size_t>(-1);
  for (std::uint32_t stream = 0; stream < streams_per_rank; ++stream) {
    const std::uint32_t last = plan_.last_use[number_][stream];
    if (last < next) continue;
    streams_ |= 1U << stream;
    same_streams_ = std::min<std::size_t>(same_streams_, last);
  }
  return streams_;
}

/// The name of a task of the last outcome.
inline StepTask FoldRank::name_of(std::uint32_t task) const {
  if (task < unfinished_.size()) return unfinished_[task];
  std::uint32_t step = outcome_->first_step;
  if (task < step) return {item_, task - static_cast<std::uint32_t>(unfinished_.size())};
  if (sent_ != FoldPlan::none && step++ == task) return {sent_, 0};
  std::uint32_t item = group_->first_step;
  for (; step < task; ++step) item = plan_.next_step[item];
  return {item, 0};
}

/// Cuts the last group off where the next one begins; its unfinished tasks go on beside it.
inline const CutNode& FoldRank::leave(std::int64_t begin) {
  const CutNode& node = outcomes_.cut_of(*outcome_, begin - begin_, streams_to_come());
  for (const std::uint32_t task : node.left_out)
    step_.log.left_out.push_back({number_, walk_.place() - 1, clock_sum(begin_, outcome_->outcome.ends[task])});
  step_.names.clear();
  for (const std::uint32_t task : node.tasks) step_.names.push_back(name_of(task));
  unfinished_.swap(step_.names);
  return node;
}

/// Writes down when the group's steps end, and its unfinished tasks, if nothing else starts.
inline void FoldRank::note_ends() {
  const Outcome& outcome = outcome_->outcome;
  for (std::size_t i = 0; i < unfinished_.size(); ++i) ends_.set_late(unfinished_[i], begin_ + outcome.ends[i], plan_);
  if (sent_ != FoldPlan::none) ends_.set_sent(sent_, clock_sum(begin_, outcome.ends[outcome_->first_step]));
  if (group_->first_step != FoldPlan::none) note_steps();
  if (item_ != FoldPlan::none && !step_items::is_wired(item_)) ends_.set_started(item_, outcome, begin_);
}

void FoldRank::note_steps() {
  std::size_t step = outcome_->first_step + (sent_ == FoldPlan::none ? 0 : 1);
  for (std::uint32_t item = group_->first_step; item != FoldPlan::none; item = plan_.next_step[item])
    ends_.set_step(item, clock_sum(begin_, outcome_->outcome.ends[step++]));
}

/// On the clock of the last outcome: its kernels run until then, and what they send blocks the rank.
inline std::int64_t FoldRank::next_starts_after(bool blocks) const {
  const Outcome& outcome = outcome_->outcome;
  return blocks ? std::max(outcome.kernels_end, outcome.ends[outcome_->first_step]) : outcome.kernels_end;
}

bool FoldRank::start(std::int64_t begin) {
  const CutNode* under_way = nullptr;
  if (outcome_ != nullptr && begin - begin_ < outcome_->outcome.end) {
    under_way = &leave(begin);
  } else {
    unfinished_.clear();
  }
  group_ = &walk_.group();
  item_ = walk_.item();
  sent_ = group_->sent == FoldPlan::none ? FoldPlan::none : step_items::of_sent(step_items::pass_of(item_));
  const bool blocks = sent_ != FoldPlan::none && walk_.blocks();
  const std::int64_t host_time = group_->pattern == nullptr ? 0 : group_->pattern->host_time;
  const std::int64_t lag = host_time == 0 ? 0 : std::max(host_end_ - begin, -host_time);
  host_end_ += host_time;
  outcome_ = &outcomes_.of(under_way, group_->kind, lag);
  begin_ = begin;
  log_.push_back({begin, outcome_, host_end_});
  note_ends();
  if (!plan_.early.empty() && !early_waits_hold()) return false;
  while (!entry_waits_.empty() && entry_waits_.front().group <= walk_.place()) entry_waits_ = entry_waits_.subspan(1);
  walk_.next();
  settle(is_done() ? never : clock_sum(begin, next_starts_after(blocks)));
  return true;
}

/// Those before `from` are over; those behind start as they started there.
void FoldRank::take_over(const FoldLog& known, const CommonGroups& common) {
  const std::vector<FoldLog::Group>& groups = known.ranks[number_];
  if (common.from > 0) {
    log_.assign(groups.begin(), groups.begin() + common.from);
    host_end_ = log_.back().host_end;
    const std::uint32_t first = step_.record.passes->wiring->first(number_);
    std::copy_n(known.sent_ends.begin() + first, common.from - 1, step_.log.sent_ends.begin() + first);
    walk_.go_to(common.from);
  }
  for (std::uint32_t group = common.from; group < common.until; ++group) static_cast<void>(start(groups[group].begin));
}

/// Steps that wait for communication of earlier groups do so only in name: it must have ended.
bool FoldRank::early_waits_hold() const {
  return std::none_of(plan_.early.begin(), plan_.early.end(), [&](const auto& wait) {
    const auto& [item, before] = wait;
    if (step_.record.items[item].rank != static_cast<std::int32_t>(number_) || plan_.group_of[item] != walk_.place())
      return false;
    return std::find(unfinished_.begin(), unfinished_.end(), before) != unfinished_.end();
  });
}

}  // namespace mfusim
