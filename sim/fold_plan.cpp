// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_plan.hpp"

#include "sim/fold_group_kinds.hpp"

#include <algorithm>
#include <bit>
#include <map>

namespace mfusim {
namespace {

class Planner {
 public:
  Planner(const StepRecord& record, const FoldRows& rows, std::span<const double> slowdown, FoldKinds& kinds)
      : record_(record), rows_(rows), kinds_(kinds), group_kinds_(record, rows, kinds) {
    const std::size_t items = record.items.size();
    const auto ranks = static_cast<std::size_t>(record.ranks);
    plan_.group_of.assign(items, 0);
    plan_.next_step.assign(items, FoldPlan::none);
    plan_.awaited.assign(items, 0);
    plan_.ranks.resize(ranks);
    plan_.entry_waits.resize(ranks);
    plan_.last_use.assign(ranks, {});
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      Patterns& patterns = patterns_[slowdown[rank]];
      patterns.resize(record.segments.size());
      of_rank_.push_back(
          {.groups = plan_.ranks[rank], .last_use = plan_.last_use[rank], .patterns = patterns, .slowdown = slowdown[rank]});
      of_rank_.back().last_step.fill(FoldPlan::none);
    }
  }

  std::optional<FoldPlan> run() && {
    if (record_.passes && !take_passes()) return std::nullopt;
    for (std::uint32_t item = 0; item < record_.items.size(); ++item) {
      if (!take(item)) return std::nullopt;
    }
    for (OfRank& rank : of_rank_) {
      note_uses(rank);
      for (FoldGroup& group : rank.groups.own()) group.kind = group_kinds_.of(group, plan_);
    }
    for (std::uint32_t item = 0; item < record_.items.size(); ++item) note_waits(item);
    note_entry_waits();
    return std::move(plan_);
  }

 private:
  using Patterns = std::vector<const FoldPattern*>;  ///< By segment; null: not yet known.
  struct OfRank {
    FoldGroups& groups;
    std::array<std::uint32_t, streams_per_rank>& last_use;  ///< By stream; not yet of the groups from `first_alike` on.
    Patterns& patterns;                                     ///< Of all ranks of its speed.
    double slowdown = 1;
    std::uint32_t alike_streams = 0;                          ///< Used by the patterns of the last groups.
    bool after_joint = false;                                 ///< Its next group must wait for the joint step.
    bool host_step = false;                                   ///< A step of the host follows its launches.
    std::array<std::uint32_t, streams_per_rank> last_step{};  ///< By stream.
  };

  bool take_passes() {
    const PipelineWiring& wiring = *record_.passes->wiring;
    if (wiring.has_exchanges()) return false;  // what is sent waits for other ranks
    plan_.awaited_passes = wiring.awaited();
    for (std::size_t stage = 0; stage < wiring.stages(); ++stage) {
      if (!take_passes(stage)) return false;
    }
    return true;
  }

  /// A group for each pass of a stage and what it sends.
  bool take_passes(std::size_t stage) {
    const PipelineWiring& wiring = *record_.passes->wiring;
    OfRank& rank = of_rank_[stage];
    std::vector<FoldGroup> of_kind(wiring.kinds());
    for (std::uint32_t kind = 0; kind < wiring.kinds(); ++kind) {
      const std::uint32_t last = wiring.last_of_kind(stage, kind);
      if (last != PipelineWiring::none &&
          !take_kind(rank, of_kind[kind], record_.passes->of_kind(stage, kind), last - wiring.first(stage)))
        return false;
    }
    rank.groups.add_passes(wiring, stage, std::move(of_kind));
    return true;
  }

  /// What is alike in the groups of one kind of a stage's passes; `last`: the place of the last one.
  bool take_kind(OfRank& rank, FoldGroup& group, const StepRecord::StagePass& kind, std::uint32_t last) {
    const FoldPattern* pattern = pattern_of(kind.segment, rank);
    if (pattern == nullptr) return false;
    pattern_streams_ |= pattern->streams;
    group.pattern = pattern;
    group.kind = group_kinds_.of_passes(*pattern, kind);
    std::uint32_t streams = pattern->streams;
    if (kind.row != StepRecord::none) {
      group.sent = step_items::of_sent(0);  // of whichever pass
      streams |= bit_of(record_.table[kind.row].stream);
    }
    for (; streams != 0; streams &= streams - 1) {
      std::uint32_t& last_use = rank.last_use[static_cast<std::size_t>(std::countr_zero(streams))];
      last_use = std::max(last_use, last + 1);
    }
    return true;
  }

  bool take(std::uint32_t item) {
    const StepRecord::Item& one = record_.items[item];
    if (one.rank == StepRecord::all_ranks) return take_joint(item);
    OfRank& rank = of_rank_[static_cast<std::size_t>(one.rank)];
    if (one.segment != StepRecord::none) {
      return take_pattern(item, one, rank, pattern_of(one.segment, rank));
    }
    if (record_.table[one.row].stream == StreamKind::Compute)
      return take_pattern(item, one, rank, kinds_.of_kernel(one.row, rows_, rank.slowdown));
    return take_step(item, one, rank);
  }

  const FoldPattern* pattern_of(std::uint32_t segment, const OfRank& rank) {
    const FoldPattern*& pattern = rank.patterns[segment];
    const Segment& one = *record_.segments[segment];
    if (pattern == nullptr)
      pattern = record_.outlived_by(segment) ? kinds_.of_segment(one, rows_, rank.slowdown)
                                             : kinds_.of_passing_segment(one, rows_, rank.slowdown);
    return pattern;
  }

  bool take_pattern(std::uint32_t item, const StepRecord::Item& one, OfRank& rank, const FoldPattern* pattern) {
    if (pattern == nullptr || (pattern->host_time > 0 && rank.host_step)) return false;
    if (rank.after_joint && !waits_for_joint(one)) return false;
    rank.after_joint = false;
    if (pattern->streams != rank.alike_streams) {
      note_uses(rank);
      rank.alike_streams = pattern->streams;
      pattern_streams_ |= pattern->streams;
    }
    plan_.group_of[item] = rank.groups.size();
    rank.groups.push_back({.pattern = pattern, .item = item});
    return true;
  }

  /// The last group is the last one that uses the streams of its pattern.
  static void note_uses(OfRank& rank) {
    const auto last = rank.groups.size() - 1;
    for (std::uint32_t streams = rank.alike_streams; streams != 0; streams &= streams - 1)
      rank.last_use[static_cast<std::size_t>(std::countr_zero(streams))] = last;
  }
  [[nodiscard]] static std::uint32_t last_use(const OfRank& rank, StreamKind stream) {
    if ((rank.alike_streams & bit_of(stream)) != 0) return rank.groups.size() - 1;
    return rank.last_use[static_cast<std::size_t>(stream)];
  }

  /// A step belongs to the last group among those that it waits for, or that use its stream.
  bool take_step(std::uint32_t item, const StepRecord::Item& one, OfRank& rank) {
    const StreamKind stream = record_.table[one.row].stream;
    std::uint32_t awaited = 0;
    const bool own = record_.all_waits(one, [&](StepTask before) {
      awaited = std::max(awaited, group_of(record_, plan_, before.item));
      return record_.rank_of(before.item) == one.rank;
    });
    if (!own) return false;
    const std::uint32_t group = std::max(awaited, last_use(rank, stream));
    if (group >= rank.groups.size()) return false;
    if (stream == StreamKind::Host) {
      if (awaited != group) return false;
      rank.host_step = true;
    }
    rank.last_use[static_cast<std::size_t>(stream)] = group;
    rank.last_step[static_cast<std::size_t>(stream)] = item;
    plan_.group_of[item] = group;
    append(rank.groups.own(group), item);
    return true;
  }

  void append(FoldGroup& group, std::uint32_t item) {
    if (group.first_step == FoldPlan::none) {
      group.first_step = item;
      return;
    }
    std::uint32_t last = group.first_step;
    while (plan_.next_step[last] != FoldPlan::none) last = plan_.next_step[last];
    plan_.next_step[last] = item;
  }

  bool take_joint(std::uint32_t item) {
    const std::uint32_t row = record_.items[item].row;
    const auto stream = static_cast<std::size_t>(record_.table[row].stream);
    if (plan_.joint || !rows_.task(row, 1).passes() || (pattern_streams_ >> stream & 1U) != 0) return false;
    plan_.joint = FoldPlan::Joint{.item = item, .before = {}};
    for (OfRank& rank : of_rank_) {
      plan_.joint->before.push_back(rank.last_step[stream]);
      rank.last_use[stream] = rank.groups.size();
      rank.after_joint = true;
    }
    return true;
  }

  [[nodiscard]] bool waits_for_joint(const StepRecord::Item& one) const {
    const StepTask joint{plan_.joint->item, 0};
    const auto waits = record_.waits_of(one);
    return std::find(waits.begin(), waits.end(), joint) != waits.end();
  }

  void note_waits(std::uint32_t item) {
    const StepRecord::Item& one = record_.items[item];
    static_cast<void>(record_.all_waits(one, [&](StepTask before) {
      note_wait(before, one.rank, plan_.group_of[item]);
      return true;
    }));
  }

  /// A group of a rank waits for a task.
  void note_wait(StepTask before, std::int32_t rank, std::uint32_t group) {
    if (step_items::is_wired(before.item)) {
      if (step_items::is_sent(before.item)) return;
      if (record_.rank_of(before.item) != rank || group_of(record_, plan_, before.item) != group)
        plan_.awaited_passes[step_items::pass_of(before.item)] = 1;
      return;
    }
    const StepRecord::Item& other = record_.items[before.item];
    if (other.segment == StepRecord::none) return;
    if (other.rank != rank || plan_.group_of[before.item] != group) plan_.awaited[before.item] = 1;
  }

  void note_entry_waits() {
    for (const StepRecord::EntryWait& wait : record_.entry_waits) {
      const std::uint32_t stage = record_.passes->wiring->stage_of(wait.pass);
      const std::uint32_t group = wait.pass - record_.passes->wiring->first(stage) + 1;
      note_wait(wait.before, static_cast<std::int32_t>(stage), group);
      plan_.entry_waits[stage].push_back({group, wait.before});
    }
    for (std::vector<FoldPlan::EntryWait>& waits : plan_.entry_waits)
      std::stable_sort(waits.begin(), waits.end(), [](const auto& a, const auto& b) { return a.group < b.group; });
  }

  const StepRecord& record_;
  const FoldRows& rows_;
  FoldKinds& kinds_;
  FoldPlan plan_;
  GroupKinds group_kinds_;
  std::map<double, Patterns> patterns_;  ///< By how many times longer kernels last.
  std::vector<OfRank> of_rank_;
  std::uint32_t pattern_streams_ = 0;  ///< Used by any pattern.
};

}  // namespace

std::optional<FoldPlan> plan_fold(const StepRecord& record, const FoldRows& rows, std::span<const double> slowdown,
                                  FoldKinds& kinds) {
  return Planner(record, rows, slowdown, kinds).run();
}

}  // namespace mfusim
