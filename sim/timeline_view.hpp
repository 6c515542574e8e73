// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/step_graph.hpp"
#include "sim/timeline.hpp"

#include <vector>

namespace mfusim {

/// What a slice belongs to, where it is one pass of a micro-batch through a chunk.
enum class SlicePhase : std::uint8_t { None, Forward, Backward };

/// One task, or neighbours on a stream put together where there are too many to draw.
struct TimelineSlice {
  Picoseconds start{};
  Picoseconds end{};
  Picoseconds busy{};     ///< Time in which its tasks run; below end - start where there are gaps between them.
  std::uint32_t row = 0;  ///< In the table of steps: of its longest task.
  std::uint32_t tasks = 1;
  StepInstance instance;  ///< Of its first task.
  SlicePhase phase = SlicePhase::None;
  Picoseconds longest{};  ///< Duration of the task that `row` names.
};

/// A stream of a simulated rank; its slices follow each other.
struct TimelineLane {
  int rank = 0;
  StreamKind stream = StreamKind::Compute;
  std::vector<TimelineSlice> slices;
};

/// A stretch of time in which every task is a slice of its own.
struct TimelineDetail {
  Picoseconds from{};
  Picoseconds to{};
  std::vector<TimelineLane> lanes;
};

struct TimelineView {
  Picoseconds makespan{};
  std::vector<int> ranks;               ///< Those shown, ascending.
  std::vector<TimelineLane> lanes;      ///< By rank, then stream; streams without a task are left out.
  std::vector<TimelineDetail> details;  ///< None where `lanes` already hold every task.
};

/// How much of a timeline is shown.
struct TimelineBudget {
  int ranks = 16;
  std::size_t slices = 20'000;        ///< Of the whole step.
  std::size_t detail_slices = 5'000;  ///< Of each stretch in full detail.
};

/// The timeline for a screen. Ranks beyond the budget are left out: the first, the last, `important` and others evenly between
/// remain. Where the tasks are too many, neighbours on a stream become one slice: those of the same pass, then those whose gaps
/// are too short to see, of transfers before kernels; and the start, the middle and the end of the step are shown a second time
/// with every task.
[[nodiscard]] TimelineView view_timeline(const BuiltStep& step, const Timeline& timeline, int important,
                                         const TimelineBudget& budget = {});

}  // namespace mfusim
