// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

namespace mfusim {

/// Writes the residuals at `parameters` into `residuals` (whose size is fixed by the caller).
using ResidualFunction = std::function<void(const std::vector<double>& parameters, std::vector<double>& residuals)>;

struct LeastSquaresOptions {
  int iterations = 200;
  double scale = 0.05;  ///< Residuals far above it count less (soft l1), so that outliers do not steer the fit.
  double step = 1e-4;   ///< Of the numeric derivative.
};

/// Parameters that minimise sum scale^2 rho((r / scale)^2), rho(z) = 2 (sqrt(1 + z) - 1), near `start`.
/// Levenberg-Marquardt on reweighted residuals; deterministic. Source: Triggs et al. 2000, Bundle Adjustment (robust
/// weighting); Marquardt 1963 (damping).
[[nodiscard]] std::vector<double> least_squares(const ResidualFunction& residuals, std::size_t residual_count,
                                                std::vector<double> start, const LeastSquaresOptions& options = {});

}  // namespace mfusim
