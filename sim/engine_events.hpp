// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/task_graph.hpp"
#include "sim/timeline.hpp"

namespace mfusim {

/// The timeline when tasks slow each other where they share resources (sim/sharing.hpp). All starts and ends at one time
/// are taken together before the rates are solved again. Tasks that use nothing pass without an event.
[[nodiscard]] Timeline simulate_shared(const TaskGraph& graph);

/// Whether the usages of tasks that could run at the same time (they are on different streams) may ask for more than
/// there is of a resource. Where not, simulate_unshared gives the same timeline. May say yes where no such time comes.
[[nodiscard]] bool may_contend(const TaskGraph& graph);

}  // namespace mfusim
