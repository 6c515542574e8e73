// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/task_graph.hpp"
#include "sim/timeline.hpp"

namespace mfusim {

/// When each task runs: a task starts as soon as the last of those before it has ended, and runs for its duration, longer
/// where it shares resources (sim/sharing.hpp). Integer picoseconds; the same graph always gives the same timeline.
/// Where nothing can be shared this is one pass in topological order, otherwise an event loop; the results are the same.
/// Throws InputError where the clock would overflow: a step of more than 106 days.
[[nodiscard]] Timeline simulate(const TaskGraph& graph);

}  // namespace mfusim
