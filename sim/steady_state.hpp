// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/step_graph.hpp"
#include "sim/timeline.hpp"

namespace mfusim {

/// One step among many that follow each other without a barrier: the time of each rank counts from its own beginning, so that a
/// stage which starts later may also end later. It begins with its first kernel, or earlier by what it gathers and loads for
/// that. The makespan is then the period of the steps, max over ranks of (end - beginning): repeating the timeline after that
/// time breaks no order, as every rank has ended its step before it begins the next. Source: Qi et al. 2024, arXiv:2401.10241,
/// section 3.1, where a schedule's cost is this longest span of a stage. Assumption: the ends of one step do not disturb the
/// start of the next; transfers of the two do not share links.
[[nodiscard]] Timeline without_barrier(const BuiltStep& step, const Timeline& timeline);

}  // namespace mfusim
