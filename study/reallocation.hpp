// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// What one policy makes of the run.
struct PolicyTime {
  std::string policy;
  Seconds total{};
  Seconds reallocation{};  ///< Part of it.
  std::int64_t reallocations = 0;
};

/// The steps of a run under each of some splits. A stretch: iterations that cost the same.
struct SplitCosts {
  std::vector<std::int64_t> iterations;    ///< By stretch.
  std::vector<std::vector<Seconds>> step;  ///< By split, then by stretch.
};

/// Time to come from one split to another, by their places in SplitCosts::step.
using MoveTime = std::function<Seconds(std::size_t from, std::size_t to)>;

/// The split with the least total time and that time; the first of equals.
[[nodiscard]] std::pair<std::size_t, Seconds> best_static(const SplitCosts& costs);

/// Every `interval` iterations the GPUs move to the split that is best for the inputs of the next `interval`, even where the move
/// costs more than it saves; where the split in use is as good, they stay. The first split is free.
/// Assumption: the inputs to come are known, so the steps' part is the least that reallocating so often can reach.
[[nodiscard]] PolicyTime reallocate_every(const SplitCosts& costs, std::int64_t interval, const MoveTime& move);

/// reallocate_every with the interval of the least total among 10, 100, 1000 ... iterations, of equals the longest; with
/// `interval` where it is given.
[[nodiscard]] PolicyTime best_interval(const SplitCosts& costs, std::optional<std::int64_t> interval, const MoveTime& move);

}  // namespace mfusim
