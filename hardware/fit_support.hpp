// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/fit_laws.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace mfusim {

/// Maps an unbounded fit parameter to (0, 1) and back.
[[nodiscard]] inline double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

/// Which scale parameter each point's source has; the reference has none (-1).
struct SourceIndex {
  std::string reference;
  std::vector<std::string> others;
  std::vector<int> of_point;
};
[[nodiscard]] SourceIndex index_sources(const std::vector<std::string>& source_of_point, const std::string& reference);

/// Scales of all sources from the parameters that start at `first`.
[[nodiscard]] SourceScales scales_of(const SourceIndex& sources, const std::vector<double>& parameters, std::size_t first);

/// Median and 90th percentile of |exp(r) - 1| over log residuals.
[[nodiscard]] FitResiduals summary_of(const std::vector<double>& log_residuals);

/// Value at `share` (0..1) of sorted values, by linear interpolation; 0 where there are none.
[[nodiscard]] double percentile(std::vector<double> values, double share);

}  // namespace mfusim
