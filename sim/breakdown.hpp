// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/step_graph.hpp"
#include "sim/timeline.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// Exclusive parts of one rank's step, in a fixed order; they sum to the makespan to the picosecond.
/// While a kernel runs, time belongs to its class; what it takes longer than alone, because communication runs beside it, is a
/// part of its own. While none does, it belongs to the first of these that runs on the
/// rank: tensor, embedding, data or pipeline communication, data loading, host; and to the bubble where none does. Loading ahead,
/// which no task waits for, counts from the end of all others on: before, other things hold the rank up.
using Breakdown = std::vector<std::pair<std::string, Picoseconds>>;

[[nodiscard]] Breakdown break_down(const BuiltStep& step, const Timeline& timeline, int rank);

/// Time in which nothing runs on a rank: the bubble of its breakdown.
[[nodiscard]] Picoseconds idle_time(const BuiltStep& step, const Timeline& timeline, int rank);

/// The rank whose kernels are busy longest: the pipeline's slowest stage. The first of equals.
[[nodiscard]] int critical_rank(const BuiltStep& step, const Timeline& timeline);

}  // namespace mfusim
