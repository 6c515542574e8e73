// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_trace.hpp"

#include <algorithm>
#include <utility>

namespace mfusim {
namespace {

/// Whether the heads of a rank consist of the same items: begins_like() sees the first of them and how they go.
bool have_same_head(const FoldPlan& a, const FoldPlan& b, std::size_t rank) {
  std::uint32_t of_a = a.ranks[rank][0].first_step;
  std::uint32_t of_b = b.ranks[rank][0].first_step;
  while (of_a == of_b && of_a != FoldPlan::none) {
    of_a = a.next_step[of_a];
    of_b = b.next_step[of_b];
  }
  return of_a == of_b;
}

/// Of a rank: the first group of which one waits beside passes for something that the other does not, or that is not of a head.
std::uint32_t first_other_wait(const FoldPlan& a, const FoldPlan& b, std::size_t rank) {
  const auto of_head = [](const FoldPlan& plan, std::uint32_t item) {
    const bool is_joint = plan.joint && plan.joint->item == item;  // of no group
    return !step_items::is_wired(item) && !is_joint && plan.group_of[item] == 0;
  };
  const auto same = [&](const FoldPlan::EntryWait& of_a, const FoldPlan::EntryWait& of_b) {
    return of_a == of_b && of_head(a, of_a.before.item) && of_head(b, of_b.before.item);
  };
  const auto& waits_a = a.entry_waits[rank];
  const auto& waits_b = b.entry_waits[rank];
  const auto [in_a, in_b] = std::mismatch(waits_a.begin(), waits_a.end(), waits_b.begin(), waits_b.end(), same);
  return std::min(in_a == waits_a.end() ? FoldPlan::none : in_a->group, in_b == waits_b.end() ? FoldPlan::none : in_b->group);
}

/// Streams that are used from a group on decide what is left out of what is under way before it.
bool use_streams_alike(const FoldPlan& a, const FoldPlan& b, std::size_t rank, std::uint32_t groups) {
  return std::equal(a.last_use[rank].begin(), a.last_use[rank].end(), b.last_use[rank].begin(),
                    [&](std::uint32_t of_a, std::uint32_t of_b) { return of_a == of_b || std::min(of_a, of_b) >= groups; });
}

/// Of a rank: the first group that one of them need not have; 0: they may differ from the start.
std::uint32_t first_other_group(const FoldPlan& a, const FoldPlan& b, std::size_t rank) {
  if (!a.ranks[rank].begins_like(b.ranks[rank]) || !have_same_head(a, b, rank)) return 0;
  const std::uint32_t group = std::min({a.ranks[rank].first_own(), b.ranks[rank].first_own(), first_other_wait(a, b, rank)});
  return use_streams_alike(a, b, rank, group) ? group : 0;
}

/// When the first group of a trace starts that the step need not have; 0: they may differ from the start.
std::int64_t same_until(const FoldTrace& trace, const FoldPlan& plan) {
  std::int64_t until = never;
  for (std::size_t rank = 0; rank < plan.ranks.size(); ++rank) {
    const std::uint32_t group = first_other_group(trace.plan, plan, rank);
    const std::vector<FoldLog::Group>& log = trace.log.ranks[rank];
    if (group < log.size()) until = std::min(until, log[group].begin);
  }
  return until;
}

CommonGroups common_groups_of_rank(const std::vector<FoldLog::Group>& log, std::int64_t same_until) {
  const auto end =
      std::partition_point(log.begin(), log.end(), [&](const FoldLog::Group& group) { return group.begin < same_until; });
  const auto until = static_cast<std::uint32_t>(end - log.begin());
  std::uint32_t from = until;
  while (from > 0 && log[--from].outcome->situation != 0) {
  }
  return {from, until};
}

}  // namespace

std::vector<CommonGroups> common_groups(const FoldTrace& trace, const FoldPlan& plan) {
  std::vector<CommonGroups> common;
  const bool waits_alike = trace.plan.awaited_passes == plan.awaited_passes && trace.plan.early.empty() && plan.early.empty();
  if (!waits_alike || trace.log.has_late_ends || trace.plan.ranks.size() != plan.ranks.size()) return common;
  const std::int64_t until = same_until(trace, plan);
  if (until == 0) return common;
  for (const std::vector<FoldLog::Group>& log : trace.log.ranks) common.push_back(common_groups_of_rank(log, until));
  return common;
}

const FoldTrace* FoldTraces::of(const PipelineWiring& wiring) const {
  const auto at = std::find_if(traces_.begin(), traces_.end(), [&](const FoldTrace& one) { return one.wiring.get() == &wiring; });
  return at == traces_.end() ? nullptr : &*at;
}

void FoldTraces::keep(FoldTrace trace) {
  std::erase_if(traces_, [&](const FoldTrace& one) { return one.wiring == trace.wiring; });
  if (traces_.size() == most_traces) traces_.erase(traces_.begin());
  traces_.push_back(std::move(trace));
}

}  // namespace mfusim
