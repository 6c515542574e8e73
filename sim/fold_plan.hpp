// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_groups.hpp"
#include "sim/fold_kinds.hpp"
#include "sim/step_record.hpp"

#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace mfusim {

/// A recorded step cut into groups. Every rank starts with a group without a pattern, which holds what waits for nothing; then
/// come its passes.
struct FoldPlan {
  static constexpr std::uint32_t none = StepRecord::none;
  struct Joint {
    std::uint32_t item = 0;
    std::vector<std::uint32_t> before;  ///< On each rank the step before it on its stream; none: nothing.
  };
  struct EntryWait {
    std::uint32_t group = 0;
    StepTask before;
    friend bool operator==(const EntryWait&, const EntryWait&) = default;
  };

  std::vector<FoldGroups> ranks;
  std::vector<std::uint32_t> group_of;              ///< By item, within its rank.
  std::vector<std::uint32_t> next_step;             ///< By item.
  std::vector<std::uint8_t> awaited;                ///< By item: another group waits for a task of this pattern.
  std::vector<std::uint8_t> awaited_passes;         ///< The same by pass.
  std::vector<std::vector<EntryWait>> entry_waits;  ///< By rank, in the order of groups: what passes wait for beside passes.
  std::vector<std::pair<std::uint32_t, StepTask>> early;  ///< Step items, and communication of earlier groups that they wait for.
  std::optional<Joint> joint;
  std::vector<std::array<std::uint32_t, streams_per_rank>> last_use;  ///< By rank and stream: the last group that uses it.

  [[nodiscard]] bool is_awaited(std::uint32_t item) const {
    return (step_items::is_wired(item) ? awaited_passes[step_items::pass_of(item)] : awaited[item]) != 0;
  }
};

/// The group of an item within its rank.
[[nodiscard]] inline std::uint32_t group_of(const StepRecord& record, const FoldPlan& plan, std::uint32_t item) {
  if (!step_items::is_wired(item)) return plan.group_of[item];
  const PipelineWiring& wiring = *record.passes->wiring;
  const std::uint32_t pass = step_items::pass_of(item);
  return pass - wiring.first(wiring.stage_of(pass)) + 1;
}

/// Cuts a recorded step into groups of `kinds`, with kernels of each rank so many times longer. Nothing where it cannot be cut: a
/// segment that is no pattern, or steps that wait across ranks.
[[nodiscard]] std::optional<FoldPlan> plan_fold(const StepRecord& record, const FoldRows& rows, std::span<const double> slowdown,
                                                FoldKinds& kinds);

}  // namespace mfusim
