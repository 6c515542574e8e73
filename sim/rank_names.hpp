// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <string>
#include <vector>

namespace mfusim {

/// What each simulated rank of a step stands for: "stage 3", or "stage 3, 2 replicas, 1.1x slower" where replicas differ.
/// A job without a pipeline has "GPU" for "stage"; towers apart have their own names, "vision, 40 GPUs". Steps with another
/// number of ranks than stages x classes get plain numbers.
[[nodiscard]] std::vector<std::string> rank_names(const BuiltStep& step, const Scenario& scenario);

}  // namespace mfusim
