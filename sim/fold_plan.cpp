// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_plan.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace mfusim {
namespace {

class Planner {
 public:
  Planner(const StepRecord& record, const FoldRows& rows, std::span<const double> slowdown)
      : record_(record), rows_(rows), slowdown_(slowdown), after_joint_(static_cast<std::size_t>(record.ranks)) {
    const std::size_t items = record.items.size();
    plan_.group_of.assign(items, 0);
    plan_.next_step.assign(items, FoldPlan::none);
    plan_.awaited.assign(items, false);
    step_position_.assign(items, 0);
    pattern_on_rank_.assign(static_cast<std::size_t>(record.ranks) * record.segments.size(), nullptr);
    step_of_row_.assign(record.table.size(), FoldPlan::none);
    plan_.ranks.assign(static_cast<std::size_t>(record.ranks), {FoldGroup{}});
    plan_.last_use.assign(static_cast<std::size_t>(record.ranks), {});
    host_step_.assign(static_cast<std::size_t>(record.ranks), false);
    last_step_.resize(static_cast<std::size_t>(record.ranks));
    for (auto& steps : last_step_) steps.fill(FoldPlan::none);
  }

  std::optional<FoldPlan> run() && {
    for (std::uint32_t item = 0; item < record_.items.size(); ++item) {
      if (!take(item)) return std::nullopt;
    }
    for (auto& groups : plan_.ranks) {
      for (FoldGroup& group : groups) group.kind = kind_of(group);
    }
    for (std::uint32_t item = 0; item < record_.items.size(); ++item) note_waits(item);
    return std::move(plan_);
  }

 private:
  bool take(std::uint32_t item) {
    const StepRecord::Item& one = record_.items[item];
    if (one.rank == StepRecord::all_ranks) return take_joint(item);
    if (one.segment != StepRecord::none || record_.table[one.row].stream == StreamKind::Compute) return take_pattern(item);
    return take_step(item);
  }

  bool take_pattern(std::uint32_t item) {
    const StepRecord::Item& one = record_.items[item];
    const auto rank = static_cast<std::size_t>(one.rank);
    const FoldPattern* pattern = pattern_of(one);
    if (pattern == nullptr || (pattern->host_time > 0 && host_step_[rank])) return false;
    if (after_joint_[rank] && !waits_for_joint(one)) return false;
    after_joint_[rank] = false;
    const auto group = static_cast<std::uint32_t>(plan_.ranks[rank].size());
    plan_.ranks[rank].push_back({.item = item, .pattern = pattern});
    plan_.group_of[item] = group;
    for (std::uint32_t streams = pattern->streams; streams != 0; streams &= streams - 1)
      plan_.last_use[rank][static_cast<std::size_t>(std::countr_zero(streams))] = group;
    return true;
  }

  /// A step belongs to the last group among those that it waits for, or that use its stream.
  bool take_step(std::uint32_t item) {
    const StepRecord::Item& one = record_.items[item];
    const auto rank = static_cast<std::size_t>(one.rank);
    const StreamKind stream = record_.table[one.row].stream;
    std::uint32_t& last_use = plan_.last_use[rank][static_cast<std::size_t>(stream)];
    std::uint32_t awaited = 0;
    const bool own = record_.all_waits(one, [&](StepTask before) {
      awaited = std::max(awaited, plan_.group_of[before.item]);
      return record_.items[before.item].rank == one.rank;
    });
    if (!own) return false;
    const std::uint32_t group = std::max(awaited, last_use);
    if (group >= plan_.ranks[rank].size()) return false;
    if (stream == StreamKind::Host) {
      if (awaited != group) return false;
      host_step_[rank] = true;
    }
    last_use = group;
    last_step_[rank][static_cast<std::size_t>(stream)] = item;
    plan_.group_of[item] = group;
    append(plan_.ranks[rank][group], item);
    return true;
  }

  void append(FoldGroup& group, std::uint32_t item) {
    if (group.first_step == FoldPlan::none) {
      group.first_step = item;
    } else {
      plan_.next_step[group.last_step] = item;
    }
    group.last_step = item;
  }

  bool take_joint(std::uint32_t item) {
    const auto stream = static_cast<std::size_t>(record_.table[record_.items[item].row].stream);
    if (plan_.joint || !rows_.task(record_.items[item].row, 1).passes()) return false;
    plan_.joint = FoldPlan::Joint{.item = item, .before = {}};
    for (const FoldPattern& pattern : plan_.patterns) {
      if ((pattern.streams >> stream & 1U) != 0) return false;
    }
    for (std::size_t rank = 0; rank < plan_.ranks.size(); ++rank) {
      plan_.joint->before.push_back(last_step_[rank][stream]);
      plan_.last_use[rank][stream] = static_cast<std::uint32_t>(plan_.ranks[rank].size());
      after_joint_[rank] = true;
    }
    return true;
  }

  [[nodiscard]] bool waits_for_joint(const StepRecord::Item& one) const {
    const StepTask joint{plan_.joint->item, 0};
    const auto waits = record_.waits_of(one);
    return std::find(waits.begin(), waits.end(), joint) != waits.end();
  }

  const FoldPattern* pattern_of(const StepRecord::Item& one) {
    if (one.segment == StepRecord::none) return known_pattern(one);
    const std::size_t cell = static_cast<std::size_t>(one.rank) * record_.segments.size() + one.segment;
    if (pattern_on_rank_[cell] == nullptr) pattern_on_rank_[cell] = known_pattern(one);
    return pattern_on_rank_[cell];
  }

  /// Ranks of one speed share their patterns.
  const FoldPattern* known_pattern(const StepRecord::Item& one) {
    const double slowdown = slowdown_[static_cast<std::size_t>(one.rank)];
    const auto [at, fresh] = patterns_.try_emplace({one.segment, one.row, slowdown}, nullptr);
    if (!fresh) return at->second;
    std::optional<FoldPattern> pattern = one.segment == StepRecord::none
                                             ? fold_pattern(one.row, rows_, slowdown)
                                             : fold_pattern(record_.segments[one.segment], rows_, slowdown);
    if (!pattern) return nullptr;
    pattern->number = static_cast<std::uint32_t>(kinds_.size());
    kinds_.emplace_back();
    plan_.patterns.push_back(std::move(*pattern));
    return at->second = &plan_.patterns.back();
  }

  /// Steps of equal numbers are one kind of step, whatever rows they have.
  std::uint32_t step_number(std::uint32_t row) {
    if (step_of_row_[row] == FoldPlan::none) {
      const FoldTask step = rows_.task(row, 1);
      const auto fresh = static_cast<std::uint32_t>(steps_.size());
      step_of_row_[row] = steps_.try_emplace({step.duration, step.usage, step.stream}, fresh).first->second;
    }
    return step_of_row_[row];
  }

  /// Most passes have one step, which sends what they made, or none: a word tells their kinds apart.
  std::uint32_t kind_of(const FoldGroup& group) {
    constexpr std::uint64_t no_step = static_cast<std::uint64_t>(-1);
    std::uint64_t word = no_step;
    if (group.first_step != FoldPlan::none) {
      const StepRecord::Item& step = record_.items[group.first_step];
      const bool sends = group.first_step == group.last_step && step.last_wait - step.first_wait == 1 &&
                         record_.waits[step.first_wait].item == group.item;
      if (!sends) return kind_of_steps(group);
      word = std::uint64_t{step.row} << 32U | record_.waits[step.first_wait].index;
    }
    const std::size_t pattern = group.pattern == nullptr ? 0 : group.pattern->number;
    if (simple_kinds_.size() <= pattern) simple_kinds_.resize(kinds_.size());
    auto& [last_word, kind] = simple_kinds_[pattern];
    if (kind == FoldPlan::none || last_word != word) {
      kind = kind_of_steps(group);
      last_word = word;
    }
    return kind;
  }

  /// What tells kinds of one pattern apart: for each step its number, how many tasks it waits for, and which.
  std::uint32_t kind_of_steps(const FoldGroup& group) {
    key_.clear();
    auto position = static_cast<std::uint32_t>(group.pattern == nullptr ? 0 : group.pattern->tasks.size());
    for (std::uint32_t item = group.first_step; item != FoldPlan::none; item = plan_.next_step[item]) {
      step_position_[item] = position++;
      key_.push_back(step_number(record_.items[item].row));
      key_.push_back(0);
      const std::size_t before = key_.size();
      add_step_waits(group, item);
      key_[before - 1] = static_cast<std::uint32_t>(key_.size() - before);
    }
    return kind_of_key(group);
  }

  void add_step_waits(const FoldGroup& group, std::uint32_t item) {
    static_cast<void>(record_.all_waits(record_.items[item], [&](StepTask before) {
      if (before.item == group.item) {
        key_.push_back(before.index);
      } else if (plan_.group_of[before.item] == plan_.group_of[item]) {
        key_.push_back(step_position_[before.item]);
      } else if (!on_compute(before)) {
        plan_.early.emplace_back(item, before);  // kernels of earlier groups have always ended
      }
      return true;
    }));
  }

  [[nodiscard]] bool on_compute(StepTask task) const {
    const StepRecord::Item& one = record_.items[task.item];
    const std::uint32_t row =
        one.segment == StepRecord::none ? one.row : record_.segments[one.segment].tasks[task.index].step;
    return record_.table[row].stream == StreamKind::Compute;
  }

  std::uint32_t kind_of_key(const FoldGroup& group) {
    std::vector<std::uint32_t>& known = kinds_[group.pattern == nullptr ? 0 : group.pattern->number];
    for (const std::uint32_t number : known) {
      if (plan_.kinds[number].key == key_) return number;
    }
    known.push_back(static_cast<std::uint32_t>(plan_.kinds.size()));
    FoldKind kind = group.pattern == nullptr ? FoldKind() : FoldKind(*group.pattern);
    kind.key = key_;
    std::size_t at = 0;
    for (std::uint32_t item = group.first_step; item != FoldPlan::none; item = plan_.next_step[item]) {
      const std::size_t waits = key_[at + 1];
      kind.add(rows_.task(record_.items[item].row, 1), std::span(key_).subspan(at + 2, waits));
      at += 2 + waits;
    }
    plan_.kinds.push_back(std::move(kind));
    return known.back();
  }

  void note_waits(std::uint32_t item) {
    const std::int32_t rank = record_.items[item].rank;
    static_cast<void>(record_.all_waits(record_.items[item], [&](StepTask before) {
      if (record_.items[before.item].segment == StepRecord::none) return true;
      if (record_.items[before.item].rank != rank || plan_.group_of[before.item] != plan_.group_of[item])
        plan_.awaited[before.item] = true;
      return true;
    }));
  }

  const StepRecord& record_;
  const FoldRows& rows_;
  std::span<const double> slowdown_;
  FoldPlan plan_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, double>, const FoldPattern*> patterns_;
  std::vector<std::vector<std::uint32_t>> kinds_{1};  ///< By number of their pattern.
  std::map<std::tuple<std::int64_t, UsageId, StreamKind>, std::uint32_t> steps_;
  struct SimpleKind {
    std::uint64_t word = 0;
    std::uint32_t kind = FoldPlan::none;
  };
  std::vector<SimpleKind> simple_kinds_;             ///< By number of their pattern: the one that was met last.
  std::vector<const FoldPattern*> pattern_on_rank_;  ///< By rank and segment.
  std::vector<std::uint32_t> step_of_row_;
  std::vector<std::uint32_t> step_position_;  ///< By item.
  std::vector<std::uint32_t> key_;
  std::vector<bool> after_joint_;                                       ///< By rank: its next group must wait for the joint step.
  std::vector<std::array<std::uint32_t, streams_per_rank>> last_step_;  ///< By rank and stream.
  std::vector<bool> host_step_;                                         ///< By rank: a step of the host follows its launches.
};

}  // namespace

std::optional<FoldPlan> plan_fold(const StepRecord& record, const FoldRows& rows, std::span<const double> slowdown) {
  return Planner(record, rows, slowdown).run();
}

}  // namespace mfusim
