// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/fit_laws.hpp"

#include <string>
#include <vector>

namespace mfusim {

enum class PointKind { Gemm, Attention, Collective };
[[nodiscard]] std::string to_string(PointKind kind);

/// Errors on rows that a fit has not seen, |predicted / measured - 1|.
struct SplitResult {
  PointKind kind = PointKind::Gemm;
  std::string gpu;
  std::string left_out;  ///< "" for the split by shape, otherwise the source that was left out.
  FitResiduals fitted;   ///< On the rows of the fit.
  FitResiduals law;      ///< On the others, by the law alone.
  FitResiduals grid;     ///< On the others, corrected by the fitted rows near them: what the program does.
  double bias = 0;       ///< Median ratio - 1 of the left-out source: its own scale, taken out of `law` and `grid`.
};

/// Fits on the rows that is_test_row() leaves, tests on the rest: every GPU and kind of the shipped measurements that has
/// enough rows. Sources keep their scales from the fit.
[[nodiscard]] std::vector<SplitResult> split_by_shape();

/// Fits on all sources but one and tests on that one, for every source with at least ten rows. Its own scale (clocks,
/// power, inputs), which no other source can know, is reported as `bias` and taken out.
[[nodiscard]] std::vector<SplitResult> split_by_source();

}  // namespace mfusim
