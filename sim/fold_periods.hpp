// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_log.hpp"
#include "sim/fold_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace mfusim {

/// Two moments of a folded step at which all ranks are in one state, whole periods of the schedule apart.
struct Recurrence {
  std::int64_t periods = 0;         ///< Between them.
  std::int64_t time = 0;            ///< Between them.
  std::vector<std::size_t> groups;  ///< By rank: the first group behind the earlier one.
};

/// Looks for a recurrence whose periods divide `left_out`: then that many periods more between the two moments only delay what
/// follows, by left_out / periods x time, to the picosecond.
///
/// A moment cuts every rank before its first group that begins then or later. All that a rank waits for has begun before it does,
/// so nothing before the cut depends on what is behind it, and what is behind it depends on the past by this alone: on each rank
/// the last group before the cut (its outcome holds the situation: tasks under way, work left, rates), how far the host is, and
/// ends of earlier tasks that are still waited for behind the cut, where they end behind it. Where all of this is the same at
/// both moments on clocks that start there, and the passes that follow are the same (StepRecord::Repetition), then so is what
/// comes of it.
[[nodiscard]] std::optional<Recurrence> find_recurrence(const StepRecord& record, const FoldPlan& plan, const FoldLog& log,
                                                        const FoldEnds& ends);

/// The makespan of a step whose log this is, with `record.periods_left_out` more of the recurrence's periods.
[[nodiscard]] std::int64_t makespan_of(const FoldLog& log);
[[nodiscard]] std::int64_t makespan_of(const FoldLog& log, const Recurrence& recurrence, std::int64_t periods_left_out);

}  // namespace mfusim
