// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <optional>
#include <vector>

namespace mfusim {

/// Time that a node needs to read and decode the samples of one step: the slower of storage and decoding.
/// Without one shared loader a node, each rank of a tensor group reads the same samples again
/// (MegaScale, arXiv:2402.15627, section 3.4).
[[nodiscard]] Seconds loading_time(const Scenario& scenario);

/// Adds loading and the copy of the samples to the GPU on a rank. Gives what the first forward pass waits for: with
/// asynchronous loading the copy alone (the batch was loaded under the step before; the next one loads beside this
/// step, which cannot end earlier), otherwise loading too.
[[nodiscard]] std::vector<TaskId> add_input(const Scenario& scenario, StepGraph& graph, int rank, Bytes to_gpu);

}  // namespace mfusim
