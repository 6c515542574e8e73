// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/expression.hpp"
#include "study/sweep_row.hpp"
#include "study/sweep_space.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mfusim {

/// A condition on rows: `tensor == 8 and mfu > 0.4`. Names are the axes (with their path, and their last key), the resolved plan
/// (tensor, pipeline, virtual_stages, data, zero, micro_batch, micro_batches, sequence, recompute, schedule), gpus, gpu, status
/// (fits, too_large, pruned, invalid), and the results iteration_time_s, mfu, samples_per_s, memory_gb, headroom_gb. What a row
/// does not have (an invalid one has its axes alone) is not a number: no comparison with it holds but `!=`.
class RowFilter {
 public:
  /// Throws InputError with the position in the condition.
  RowFilter(const SweepSpace& space, const std::string& condition);

  [[nodiscard]] bool keeps(const SweepRow& row);
  [[nodiscard]] const std::string& text() const { return condition_->text(); }

 private:
  void name_words(const SweepSpace& space);
  void set_results(const SweepRow& row);
  void set_plan(const SweepRow& row);
  void set_axes(const SweepRow& row);
  void set(const std::string& name, double number) { names_.variables[name] = number; }

  const SweepSpace& space_;
  ExpressionNames names_;
  std::unique_ptr<Expression> condition_;  ///< Made once all names are known.
};

}  // namespace mfusim
