// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_pattern.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace mfusim {

/// The patterns and kinds of groups that were met so far, each once: equal ones have one number, in whichever step.
class FoldKinds {
 public:
  /// Of a segment that outlives the kinds, with kernels `slowdown` times longer; null where it is no pattern.
  [[nodiscard]] const FoldPattern* of_segment(const Segment& segment, const FoldRows& rows, double slowdown);
  /// Of a segment that does not.
  [[nodiscard]] const FoldPattern* of_passing_segment(const Segment& segment, const FoldRows& rows, double slowdown);
  /// Of a single kernel.
  [[nodiscard]] const FoldPattern* of_kernel(std::uint32_t row, const FoldRows& rows, double slowdown);

  /// The number of a communication step: equal ones have the same, whatever rows they have.
  [[nodiscard]] std::uint32_t step_number(const FoldTask& step);
  /// The number of a kind: a pattern (null: none) and the steps that hang on it. `key`: for each step its number, how many tasks
  /// it waits for, and their positions.
  [[nodiscard]] std::uint32_t kind(const FoldPattern* pattern, const std::vector<std::uint32_t>& key);

  [[nodiscard]] const FoldKind& operator[](std::uint32_t kind) const { return kinds_[kind]; }
  [[nodiscard]] std::size_t size() const { return kinds_.size(); }
  [[nodiscard]] std::size_t patterns() const { return kinds_of_pattern_.size(); }
  /// Of patterns and kinds.
  [[nodiscard]] std::size_t tasks() const { return tasks_; }

 private:
  using StepKey = std::tuple<std::int64_t, UsageId, StreamKind>;
  const FoldPattern* keep(FoldPattern pattern);

  std::deque<FoldPattern> patterns_;
  std::map<std::pair<const Segment*, double>, const FoldPattern*> of_segment_;
  std::map<StepKey, const FoldPattern*> of_kernel_;
  std::deque<FoldKind> kinds_;
  std::vector<std::vector<std::uint32_t>> kinds_of_pattern_{1};  ///< By number of the pattern; 0: no pattern.
  std::map<StepKey, std::uint32_t> step_numbers_;
  std::vector<FoldTask> steps_;  ///< By their numbers.
  std::size_t tasks_ = 0;
};

}  // namespace mfusim
