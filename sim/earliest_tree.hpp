// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace mfusim {

/// A time for each of a fixed number of places, kNever at first, and the earliest of them: a binary tree of minima in two arrays.
/// No branch depends on a time: a processor could not foresee it. (GCC 12 makes one of `a < b ? c : d` here, none of the mask.)
class EarliestTree {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  explicit EarliestTree(std::size_t places)
      : leaves_(std::bit_ceil(std::max<std::size_t>(1, places))), times_(2 * leaves_, kNever), places_(2 * leaves_) {
    for (std::size_t place = 0; place < leaves_; ++place) places_[leaves_ + place] = static_cast<std::uint32_t>(place);
  }

  [[nodiscard]] std::int64_t earliest() const { return times_[1]; }
  /// A place with the earliest time.
  [[nodiscard]] std::uint32_t first() const { return places_[1]; }
  /// Of all places but that one.
  [[nodiscard]] std::int64_t earliest_elsewhere(std::size_t place) const {
    std::int64_t time = kNever;
    for (std::size_t node = leaves_ + place; node > 1; node /= 2) time = std::min(time, times_[node ^ 1U]);
    return time;
  }

  void set(std::size_t place, std::int64_t time) {
    std::int64_t* const times = times_.data();
    std::uint32_t* const places = places_.data();
    std::size_t node = leaves_ + place;
    auto first = static_cast<std::uint32_t>(place);
    times[node] = time;
    while (node > 1) {
      const std::int64_t other = times[node ^ 1U];
      const std::uint32_t mask = -static_cast<std::uint32_t>(other < time);
      first ^= (first ^ places[node ^ 1U]) & mask;
      time = std::min(time, other);
      node /= 2;
      times[node] = time;
      places[node] = first;
    }
  }

 private:
  std::size_t leaves_;  ///< A power of two.
  /// Node n is the earlier of nodes 2n and 2n + 1; the places themselves are the nodes from leaves_ on.
  std::vector<std::int64_t> times_;
  std::vector<std::uint32_t> places_;
};

}  // namespace mfusim
