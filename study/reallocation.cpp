// SPDX-License-Identifier: Apache-2.0
#include "study/reallocation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace mfusim {
namespace {

/// Walks over the stretches in windows of `interval` iterations.
class Windows {
 public:
  Windows(const SplitCosts& costs, std::int64_t interval) : costs_(costs), interval_(interval), sums_(costs.step.size()) {}

  [[nodiscard]] bool next() {
    if (stretch_ == costs_.iterations.size()) return false;
    std::fill(sums_.begin(), sums_.end(), Seconds{});
    const std::int64_t left = costs_.iterations[stretch_] - used_;
    if (left >= interval_) {
      take(left - left % interval_);  // windows with equal inputs have one answer
      return true;
    }
    for (std::int64_t open = interval_; open > 0 && stretch_ < costs_.iterations.size();) {
      const std::int64_t part = std::min(open, costs_.iterations[stretch_] - used_);
      take(part);
      open -= part;
    }
    return true;
  }
  /// By split: the time of the window's steps.
  [[nodiscard]] const std::vector<Seconds>& sums() const { return sums_; }

 private:
  void take(std::int64_t iterations) {
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += static_cast<double>(iterations) * costs_.step[i][stretch_];
    used_ += iterations;
    if (used_ < costs_.iterations[stretch_]) return;
    used_ = 0;
    ++stretch_;
  }

  const SplitCosts& costs_;
  std::int64_t interval_;
  std::size_t stretch_ = 0;
  std::int64_t used_ = 0;  // iterations of the stretch
  std::vector<Seconds> sums_;
};

constexpr double rounding = 1e-12;  // sums of the same steps in another order

std::int64_t iterations_of(const SplitCosts& costs) {
  return std::accumulate(costs.iterations.begin(), costs.iterations.end(), std::int64_t{0});
}

}  // namespace

std::pair<std::size_t, Seconds> best_static(const SplitCosts& costs) {
  Windows whole(costs, iterations_of(costs));
  static_cast<void>(whole.next());
  const auto least = std::min_element(whole.sums().begin(), whole.sums().end());
  return {static_cast<std::size_t>(least - whole.sums().begin()), *least};
}

PolicyTime reallocate_every(const SplitCosts& costs, std::int64_t interval, const MoveTime& move) {
  PolicyTime policy{.policy = fmt::format("reallocation every {} iterations", interval)};
  std::optional<std::size_t> split;
  for (Windows windows(costs, interval); windows.next();) {
    const auto least = std::min_element(windows.sums().begin(), windows.sums().end());
    const auto best = static_cast<std::size_t>(least - windows.sums().begin());
    if (split && *least < windows.sums()[*split]) {
      policy.reallocation += move(*split, best);
      ++policy.reallocations;
      split = best;
    }
    if (!split) split = best;
    policy.total += *least;
  }
  policy.total += policy.reallocation;
  return policy;
}

PolicyTime best_interval(const SplitCosts& costs, std::optional<std::int64_t> interval, const MoveTime& move) {
  if (interval) return reallocate_every(costs, *interval, move);
  const std::int64_t iterations = iterations_of(costs);
  constexpr std::int64_t ten = 10;
  PolicyTime best = reallocate_every(costs, std::min(ten, iterations), move);
  for (std::int64_t longer = ten * ten; longer <= iterations; longer *= ten) {
    PolicyTime other = reallocate_every(costs, longer, move);
    if (other.total <= best.total * (1 + rounding)) best = std::move(other);
  }
  return best;
}

}  // namespace mfusim
