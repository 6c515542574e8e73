// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_rank.hpp"

#include "sim/clock_sum.hpp"

#include <algorithm>

namespace mfusim {

FoldProgress::FoldProgress(const StepRecord& the_record, const FoldPlan& the_plan, Outcomes& the_outcomes)
    : record(the_record), plan(the_plan), outcomes(the_outcomes), ends(the_record, log) {
  for (const std::vector<FoldGroup>& groups : plan.ranks) log.ranks.emplace_back(groups.size());
  if (record.passes) log.sent_ends.assign(record.passes->wiring->size(), never);
}

FoldRank::FoldRank(FoldProgress& step, std::uint32_t number)
    : step_(step),
      plan_(step.plan),
      outcomes_(step.outcomes),
      ends_(step.ends),
      number_(number),
      groups_(step.plan.ranks[number]),
      log_(step.log.ranks[number].data()),
      entry_waits_(step.plan.entry_waits[number]) {}

/// Streams that groups from the next one on use.
inline std::uint32_t FoldRank::streams_to_come() {
  if (next_ <= same_streams_) return streams_;
  streams_ = 0;
  same_streams_ = static_cast<std::size_t>(-1);
  for (std::uint32_t stream = 0; stream < streams_per_rank; ++stream) {
    const std::uint32_t last = plan_.last_use[number_][stream];
    if (last < next_) continue;
    streams_ |= 1U << stream;
    same_streams_ = std::min<std::size_t>(same_streams_, last);
  }
  return streams_;
}

/// The name of a task of the last outcome.
inline StepTask FoldRank::name_of(std::uint32_t task) const {
  const FoldGroup& group = groups_[next_ - 1];
  if (task < unfinished_.size()) return unfinished_[task];
  task -= static_cast<std::uint32_t>(unfinished_.size());
  std::size_t step = group.pattern == nullptr ? 0 : group.pattern->tasks.size();
  if (task < step) return {group.item, task};
  if (group.sent != FoldPlan::none && step++ == task) return {group.sent, 0};
  std::uint32_t item = group.first_step;
  for (; step < task; ++step) item = plan_.next_step[item];
  return {item, 0};
}

/// Cuts the last group off where the next one begins; its unfinished tasks go on beside it.
inline const CutNode* FoldRank::leave(std::int64_t begin) {
  const Outcome& outcome = outcome_->outcome;
  const CutNode& node = outcomes_.cut_of(*outcome_, begin - begin_, streams_to_come());
  for (const std::uint32_t task : node.left_out)
    step_.log.left_out.push_back({number_, next_ - 1, clock_sum(begin_, outcome.ends[task])});
  step_.names.clear();
  for (const std::uint32_t task : node.tasks) step_.names.push_back(name_of(task));
  unfinished_.swap(step_.names);
  return &node;
}

/// Writes down when the group's steps end, and its unfinished tasks, if nothing else starts.
inline void FoldRank::note_ends(const FoldGroup& group) {
  const Outcome& outcome = outcome_->outcome;
  for (std::size_t i = 0; i < unfinished_.size(); ++i)
    ends_.set_late(unfinished_[i], begin_ + outcome.ends[i], plan_.is_awaited(unfinished_[i].item));
  std::size_t step = unfinished_.size() + (group.pattern == nullptr ? 0 : group.pattern->tasks.size());
  plan_.for_each_step(group, [&](std::uint32_t item) { ends_.set_step(item, clock_sum(begin_, outcome.ends[step++])); });
  if (group.item != FoldPlan::none && !step_items::is_wired(group.item)) ends_.set_started(group.item, outcome, begin_);
}

bool FoldRank::start(std::int64_t begin) {
  const FoldGroup& group = groups_[next_];
  const bool goes_on = outcome_ != nullptr && begin - begin_ < outcome_->outcome.end;
  const CutNode* under_way = goes_on ? leave(begin) : nullptr;
  if (!goes_on) unfinished_.clear();
  const std::int64_t host_time = group.pattern == nullptr ? 0 : group.pattern->host_time;
  const std::int64_t lag = host_time == 0 ? 0 : std::max(host_end_ - begin, -host_time);
  host_end_ += host_time;
  outcome_ = &outcomes_.of(under_way, group.kind, lag);
  begin_ = begin;
  log_[next_] = {begin, outcome_, host_end_};
  note_ends(group);
  if (!plan_.early.empty() && !early_waits_hold()) return false;
  while (!entry_waits_.empty() && entry_waits_.front().group <= next_) entry_waits_ = entry_waits_.subspan(1);
  ++next_;
  settled_ = is_done() ? never : clock_sum(begin, outcome_->outcome.kernels_end);
  return true;
}

/// Steps that wait for communication of earlier groups do so only in name: it must have ended.
bool FoldRank::early_waits_hold() const {
  return std::none_of(plan_.early.begin(), plan_.early.end(), [&](const auto& wait) {
    const auto& [item, before] = wait;
    if (step_.record.items[item].rank != static_cast<std::int32_t>(number_) || plan_.group_of[item] != next_) return false;
    return std::find(unfinished_.begin(), unfinished_.end(), before) != unfinished_.end();
  });
}

}  // namespace mfusim
