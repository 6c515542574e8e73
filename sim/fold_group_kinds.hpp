// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_plan.hpp"

#include <cstdint>
#include <vector>

namespace mfusim {

/// Numbers the kinds of a step's groups: what their steps are and wait for, beside their pattern.
class GroupKinds {
 public:
  GroupKinds(const StepRecord& record, const FoldRows& rows, FoldKinds& kinds);

  /// Of passes that send what `pass` says, whichever they are.
  [[nodiscard]] std::uint32_t of_passes(const FoldPattern& pattern, const StepRecord::StagePass& pass);
  /// Of a group of a plan whose steps are all known. Waits of steps for communication of earlier groups become `plan.early`.
  [[nodiscard]] std::uint32_t of(const FoldGroup& group, FoldPlan& plan);

 private:
  struct SimpleKind {
    std::uint64_t word = 0;
    std::uint32_t kind = FoldPlan::none;
  };

  [[nodiscard]] std::uint32_t step_number(std::uint32_t row);
  [[nodiscard]] std::uint32_t of_steps(const FoldGroup& group, FoldPlan& plan);
  void add_sent(const StepRecord::StagePass& pass);
  void add_step_waits(const FoldGroup& group, std::uint32_t item, FoldPlan& plan);
  [[nodiscard]] bool on_compute(StepTask task) const;
  [[nodiscard]] const StepRecord::StagePass& pass_of(std::uint32_t wired) const;

  const StepRecord& record_;
  const FoldRows& rows_;
  FoldKinds& kinds_;
  std::vector<std::uint32_t> step_numbers_;   ///< By row.
  std::vector<std::uint32_t> step_position_;  ///< By item.
  std::vector<SimpleKind> simple_kinds_;      ///< By number of their pattern: the one that was met last.
  std::vector<std::uint32_t> key_;
};

}  // namespace mfusim
