// SPDX-License-Identifier: Apache-2.0
#include "sim/engine.hpp"

#include "sim/engine_events.hpp"
#include "sim/engine_linear.hpp"

namespace mfusim {

Timeline simulate(const TaskGraph& graph) {
  return may_contend(graph) ? simulate_shared(graph) : simulate_unshared(graph);
}

}  // namespace mfusim
