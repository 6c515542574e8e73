// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"

#include <vector>

namespace mfusim {

/// When each task of a graph ran, by task id, on a clock that starts at zero.
struct Timeline {
  std::vector<Picoseconds> start;
  std::vector<Picoseconds> end;
  Picoseconds makespan{};  ///< The latest end; zero without tasks.

  friend bool operator==(const Timeline&, const Timeline&) = default;
};

}  // namespace mfusim
