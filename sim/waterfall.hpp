// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// The breakdown of a result from the peak down: what the job's model FLOPs would take there, what of these nobody computes (the
/// gradient of the first layer's inputs), what the critical rank does beyond the mean of all, what its kernels lose against the
/// peak, and the rest of the breakdown. Sums to the step. Reads the result's breakdown, critical rank (of the step's ranks),
/// model FLOPs, peak and GPUs.
[[nodiscard]] std::vector<std::pair<std::string, Seconds>> waterfall_of(const Scenario& scenario, const BuiltStep& step,
                                                                        const Result& result);

}  // namespace mfusim
