// SPDX-License-Identifier: Apache-2.0
#include "hardware/least_squares.hpp"

#include <algorithm>
#include <cmath>

namespace mfusim {

namespace {

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

double cost_of(const Vector& residuals, double scale) {
  double cost = 0;
  for (const double r : residuals) cost += 2 * (std::sqrt(1 + r * r / (scale * scale)) - 1);
  return std::isfinite(cost) ? cost : HUGE_VAL;
}

/// Solves the symmetric positive definite system A x = b (Cholesky); false where A is not.
bool solve(Matrix a, Vector b, Vector& x) {
  const std::size_t n = b.size();
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) a[j][j] -= a[j][k] * a[j][k];
    if (!(a[j][j] > 0)) return false;
    a[j][j] = std::sqrt(a[j][j]);
    for (std::size_t i = j + 1; i < n; ++i) {
      for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  x = std::move(b);
  return true;
}

class Fit {
 public:
  Fit(const ResidualFunction& residuals, std::size_t count, Vector start, const LeastSquaresOptions& options)
      : function_(residuals), options_(options), parameters_(std::move(start)), residuals_(count) {
    function_(parameters_, residuals_);
    cost_ = cost_of(residuals_, options_.scale);
  }

  Vector run() {
    for (int i = 0; i < options_.iterations && improve(); ++i) {
    }
    return parameters_;
  }

 private:
  void build_normal_equations() {
    const std::size_t n = parameters_.size();
    Matrix jacobian(n, Vector(residuals_.size()));
    Vector up(residuals_.size());
    Vector down(residuals_.size());
    for (std::size_t j = 0; j < n; ++j) {
      Vector moved = parameters_;
      moved[j] = parameters_[j] + options_.step;
      function_(moved, up);
      moved[j] = parameters_[j] - options_.step;
      function_(moved, down);
      for (std::size_t i = 0; i < up.size(); ++i) jacobian[j][i] = (up[i] - down[i]) / (2 * options_.step);
    }
    normal_.assign(n, Vector(n, 0));
    gradient_.assign(n, 0);
    for (std::size_t i = 0; i < residuals_.size(); ++i) {
      const double z = residuals_[i] / options_.scale;
      const double weight = 1 / std::sqrt(1 + z * z);
      for (std::size_t j = 0; j < n; ++j) {
        gradient_[j] -= weight * jacobian[j][i] * residuals_[i];
        for (std::size_t k = 0; k <= j; ++k) normal_[j][k] += weight * jacobian[j][i] * jacobian[k][i];
      }
    }
  }

  /// One accepted step; false where none lowers the cost any more.
  bool improve() {
    build_normal_equations();
    Vector trial_residuals(residuals_.size());
    for (; damping_ < 1e12; damping_ *= 4) {
      Matrix damped = normal_;
      for (std::size_t j = 0; j < damped.size(); ++j) damped[j][j] += damping_ * (normal_[j][j] + 1e-9);
      Vector step;
      if (!solve(std::move(damped), gradient_, step)) continue;
      Vector trial = parameters_;
      for (std::size_t j = 0; j < trial.size(); ++j) trial[j] += std::clamp(step[j], -1.0, 1.0);
      function_(trial, trial_residuals);
      const double cost = cost_of(trial_residuals, options_.scale);
      if (cost >= cost_) continue;
      const bool worthwhile = cost_ - cost > 1e-7 * cost_;
      parameters_ = std::move(trial);
      residuals_ = trial_residuals;
      cost_ = cost;
      damping_ = std::max(damping_ / 8, 1e-9);
      return worthwhile;
    }
    return false;
  }

  const ResidualFunction& function_;
  LeastSquaresOptions options_;
  Vector parameters_;
  Vector residuals_;
  double cost_ = 0;
  double damping_ = 1e-3;
  Matrix normal_;
  Vector gradient_;
};

}  // namespace

std::vector<double> least_squares(const ResidualFunction& residuals, std::size_t residual_count, std::vector<double> start,
                                  const LeastSquaresOptions& options) {
  return Fit(residuals, residual_count, std::move(start), options).run();
}

}  // namespace mfusim
