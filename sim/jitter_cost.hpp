// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/result.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

namespace mfusim {

/// What random pass times cost: the step without them and, over `jitter.samples` draws, its mean, standard deviation (n - 1),
/// shortest and longest. `step` is the step with the first draw, and `first` its time. The others are simulated here, each with
/// passes drawn anew. Throws InputError where a second graph does not fit into this machine's memory.
[[nodiscard]] Result::Jitter jitter_cost(const Scenario& scenario, const Work<Count>& work, const BuiltStep& step,
                                         Picoseconds first);

}  // namespace mfusim
