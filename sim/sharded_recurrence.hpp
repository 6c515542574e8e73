// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/build_step.hpp"
#include "sim/timeline.hpp"

#include <optional>
#include <vector>

namespace mfusim {

/// What one micro-batch more adds to a step of one rank whose micro-batches begin at `first_tasks` (ShorterStep) and that ran so;
/// none where they do not recur.
///
/// Four micro-batches in a row are compared, the last one of the step not among them. On the GPU each task of one starts and
/// ends P after the same task of the one before, and nothing older runs beside the second of them. So whatever runs when the
/// third and the fourth begin has the same past, the same work left and the same tasks to come, and all is invariant under a
/// shift of the clock: a further micro-batch in between adds P. The host may take less than P a micro-batch. It is then further
/// ahead with each, which changes nothing where no kernel starts the moment that its launch is done, nor the host where it
/// waited for the GPU the moment that its own last task was.
[[nodiscard]] std::optional<Picoseconds> period_of_micro_batches(const TaskGraph& graph, const Timeline& timeline,
                                                                 const std::vector<TaskId>& first_tasks);

/// Step time of fully sharded layers (build_fully_sharded_step) of which a few micro-batches are simulated: where these recur,
/// the others only delay what follows. To the picosecond that of the whole step; none where no recurrence is found, where the
/// step has too few micro-batches for one to be of use, and where ranks vary.
[[nodiscard]] std::optional<Picoseconds> recurring_step_time(const Scenario& scenario, const Work<Count>& work);

}  // namespace mfusim
