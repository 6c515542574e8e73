// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_group_kinds.hpp"

#include <cstddef>

namespace mfusim {

GroupKinds::GroupKinds(const StepRecord& record, const FoldRows& rows, FoldKinds& kinds)
    : record_(record),
      rows_(rows),
      kinds_(kinds),
      step_numbers_(record.table.size(), FoldPlan::none),
      step_position_(record.items.size()) {}

std::uint32_t GroupKinds::step_number(std::uint32_t row) {
  std::uint32_t& number = step_numbers_[row];
  if (number == FoldPlan::none) number = kinds_.step_number(rows_.task(row, 1));
  return number;
}

std::uint32_t GroupKinds::of_passes(const FoldPattern& pattern, const StepRecord::StagePass& pass) {
  key_.clear();
  if (pass.row != StepRecord::none) add_sent(pass);
  return kinds_.kind(&pattern, key_);
}

/// What a pass sends waits for its exits.
void GroupKinds::add_sent(const StepRecord::StagePass& pass) {
  key_.push_back(step_number(pass.row));
  key_.push_back(0);
  const std::size_t before = key_.size();
  for (const SegmentIndex exit : record_.segments[pass.segment]->exits) {
    if (exit >= 0) key_.push_back(static_cast<std::uint32_t>(exit));
  }
  key_[before - 1] = static_cast<std::uint32_t>(key_.size() - before);
}

/// Most groups have one step, which sends what the pattern made, or none: a word tells their kinds apart.
std::uint32_t GroupKinds::of(const FoldGroup& group, FoldPlan& plan) {
  constexpr std::uint64_t no_step = static_cast<std::uint64_t>(-1);
  if (group.sent != FoldPlan::none) return of_steps(group, plan);
  std::uint64_t word = no_step;
  if (group.first_step != FoldPlan::none) {
    const StepRecord::Item& step = record_.items[group.first_step];
    const bool sends = plan.next_step[group.first_step] == FoldPlan::none && step.last_wait - step.first_wait == 1 &&
                       record_.waits[step.first_wait].item == group.item;
    if (!sends) return of_steps(group, plan);
    word = std::uint64_t{step.row} << 32U | record_.waits[step.first_wait].index;
  }
  const std::size_t pattern = group.pattern == nullptr ? 0 : group.pattern->number;
  if (simple_kinds_.size() <= pattern) simple_kinds_.resize(kinds_.patterns());
  auto& [last_word, kind] = simple_kinds_[pattern];
  if (kind == FoldPlan::none || last_word != word) {
    kind = of_steps(group, plan);
    last_word = word;
  }
  return kind;
}

std::uint32_t GroupKinds::of_steps(const FoldGroup& group, FoldPlan& plan) {
  key_.clear();
  auto position = static_cast<std::uint32_t>(group.pattern == nullptr ? 0 : group.pattern->tasks.size());
  if (group.sent != FoldPlan::none) {
    add_sent(pass_of(group.sent));
    ++position;
  }
  for (std::uint32_t item = group.first_step; item != FoldPlan::none; item = plan.next_step[item]) {
    step_position_[item] = position++;
    key_.push_back(step_number(record_.items[item].row));
    key_.push_back(0);
    const std::size_t before = key_.size();
    add_step_waits(group, item, plan);
    key_[before - 1] = static_cast<std::uint32_t>(key_.size() - before);
  }
  return kinds_.kind(group.pattern, key_);
}

void GroupKinds::add_step_waits(const FoldGroup& group, std::uint32_t item, FoldPlan& plan) {
  static_cast<void>(record_.all_waits(record_.items[item], [&](StepTask before) {
    if (before.item == group.item) {
      key_.push_back(before.index);
    } else if (before.item == group.sent) {
      key_.push_back(static_cast<std::uint32_t>(group.pattern->tasks.size()));
    } else if (group_of(record_, plan, before.item) == plan.group_of[item]) {
      key_.push_back(step_position_[before.item]);
    } else if (!on_compute(before)) {
      plan.early.emplace_back(item, before);  // kernels of earlier groups have always ended
    }
    return true;
  }));
}

const StepRecord::StagePass& GroupKinds::pass_of(std::uint32_t wired) const {
  const PipelineWiring& wiring = *record_.passes->wiring;
  const std::uint32_t pass = step_items::pass_of(wired);
  return record_.passes->of_kind(wiring.stage_of(pass), wiring[pass].kind);
}

bool GroupKinds::on_compute(StepTask task) const {
  std::uint32_t segment = StepRecord::none;
  std::uint32_t row = StepRecord::none;
  if (step_items::is_wired(task.item)) {
    row = pass_of(task.item).row;
    if (!step_items::is_sent(task.item)) segment = pass_of(task.item).segment;
  } else {
    row = record_.items[task.item].row;
    segment = record_.items[task.item].segment;
  }
  if (segment != StepRecord::none) row = record_.segments[segment]->tasks[task.index].step;
  return record_.table[row].stream == StreamKind::Compute;
}

}  // namespace mfusim
