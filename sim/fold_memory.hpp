// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_kinds.hpp"
#include "sim/fold_outcomes.hpp"
#include "sim/fold_trace.hpp"

namespace mfusim {

/// What folds have found out, for later folds to know: the usages, patterns and kinds that they met, and the outcomes of groups.
/// Of steps on one kind of cluster; one thread's.
class FoldMemory {
 public:
  explicit FoldMemory(const Contention& contention);
  FoldMemory(const FoldMemory&) = delete;
  FoldMemory& operator=(const FoldMemory&) = delete;

  /// Usages of a table's rows, by row. Tables that begin with the rows of another one must all begin with the same.
  [[nodiscard]] std::vector<UsageId> usages_of(const StepTable& table);
  [[nodiscard]] FoldKinds& kinds() { return kinds_; }
  [[nodiscard]] Outcomes& outcomes() { return outcomes_; }
  [[nodiscard]] FoldTraces& traces() { return traces_; }
  /// Patterns, kinds, outcomes and traces are no longer known.
  void forget_outcomes();
  /// How much is kept: tasks of patterns and kinds, and ends of tasks.
  [[nodiscard]] std::size_t kept_tasks() const { return kinds_.tasks() + outcomes_.kept_tasks(); }

 private:
  UsageClasses classes_;
  std::vector<UsageId> of_shared_rows_;  ///< As far as they are known.
  SharingModel sharing_;                 ///< Of those classes, on one rank.
  FoldKinds kinds_;
  Outcomes outcomes_;
  FoldTraces traces_;
};

}  // namespace mfusim
