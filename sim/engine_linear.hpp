// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/task_graph.hpp"
#include "sim/timeline.hpp"

namespace mfusim {

/// The timeline when every task runs at full rate: end = start + duration, start = latest end before it. One pass in
/// topological order, linear in tasks and edges. Throws InputError where the clock would overflow: a step of more than 106 days.
[[nodiscard]] Timeline simulate_unshared(const TaskGraph& graph);

[[noreturn]] void throw_clock_overflow(TaskId task);

}  // namespace mfusim
