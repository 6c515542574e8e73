// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline_view.hpp"

#include "sim/kernels.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace mfusim {
namespace {

/// The first and the last rank, `important`, and as many as fit evenly between them.
std::vector<int> choose_ranks(int ranks, int important, int most) {
  std::set<int> chosen{0, ranks - 1, std::clamp(important, 0, ranks - 1)};
  const int wanted = std::min(ranks, std::max(most, 3));
  for (int i = 0; i < wanted && static_cast<int>(chosen.size()) < wanted; ++i)
    chosen.insert(static_cast<int>(static_cast<std::int64_t>(i) * ranks / wanted));
  return {chosen.begin(), chosen.end()};
}

SlicePhase phase_of(const Step& step) {
  const auto ends_with = [&](Pass pass) { return step.name.ends_with(" " + to_string(pass)); };
  if (step.step_class == StepClass::Recompute) return SlicePhase::Backward;
  if (ends_with(Pass::Forward)) return SlicePhase::Forward;
  return ends_with(Pass::InputGradient) || ends_with(Pass::WeightGradient) ? SlicePhase::Backward : SlicePhase::None;
}

/// Every task of the chosen ranks as a slice of its lane, in order of time.
class Lanes {
 public:
  Lanes(const BuiltStep& step, const Timeline& timeline, const std::vector<int>& ranks)
      : step_(step), timeline_(timeline), lane_of_stream_(step.graph.streams, none) {
    for (const Step& row : step.steps) phases_.push_back(phase_of(row));
    std::size_t lanes = 0;
    for (const int rank : ranks) {
      for (int kind = 0; kind < streams_per_rank; ++kind) {
        const int stream = rank * streams_per_rank + kind;
        lane_of_stream_[static_cast<std::size_t>(stream)] = lanes++;
        lanes_.push_back({.rank = rank, .stream = static_cast<StreamKind>(kind), .slices = {}});
      }
    }
  }

  std::vector<TimelineLane> run() && {
    for (TaskId task = 0; task < step_.graph.size(); ++task) add(task, step_.graph.tasks[task].stream);
    for (const JointStream& joint : step_.graph.joint_streams) add(joint.task, joint.stream);
    for (TimelineLane& lane : lanes_) {
      std::stable_sort(lane.slices.begin(), lane.slices.end(),
                       [](const TimelineSlice& a, const TimelineSlice& b) { return a.start < b.start; });
    }
    std::erase_if(lanes_, [](const TimelineLane& lane) { return lane.slices.empty(); });
    return std::move(lanes_);
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  void add(TaskId task, StreamId stream) {
    const std::size_t lane = lane_of_stream_[stream];
    const Picoseconds time = timeline_.end[task] - timeline_.start[task];
    if (lane == none || time == Picoseconds{}) return;
    const Task& what = step_.graph.tasks[task];
    lanes_[lane].slices.push_back({.start = timeline_.start[task],
                                   .end = timeline_.end[task],
                                   .busy = time,
                                   .row = what.label,
                                   .instance = unpack(what.instance),
                                   .phase = phases_[what.label],
                                   .longest = time});
  }

  const BuiltStep& step_;
  const Timeline& timeline_;
  std::vector<std::size_t> lane_of_stream_;
  std::vector<SlicePhase> phases_;  ///< By row of the table.
  std::vector<TimelineLane> lanes_;
};

std::size_t count_slices(const std::vector<TimelineLane>& lanes) {
  return std::accumulate(lanes.begin(), lanes.end(), std::size_t{0},
                         [](std::size_t sum, const TimelineLane& lane) { return sum + lane.slices.size(); });
}

void join(TimelineSlice& slice, const TimelineSlice& next) {
  slice.end = std::max(slice.end, next.end);
  slice.busy += next.busy;
  slice.tasks += next.tasks;
  if (next.longest > slice.longest) {
    slice.longest = next.longest;
    slice.row = next.row;
  }
  if (slice.phase == SlicePhase::None) slice.phase = next.phase;
}

/// Puts neighbours of a lane together where `together` says so of the slice so far and the next one.
template <class Together>
void merge(TimelineLane& lane, Together together) {
  std::size_t last = 0;
  for (std::size_t i = 1; i < lane.slices.size(); ++i) {
    if (together(lane.slices[last], lane.slices[i])) {
      join(lane.slices[last], lane.slices[i]);
    } else {
      lane.slices[++last] = lane.slices[i];
    }
  }
  lane.slices.resize(last + 1);
}

bool same_pass(const TimelineSlice& a, const TimelineSlice& b) {
  const bool phases_agree = a.phase == b.phase || a.phase == SlicePhase::None || b.phase == SlicePhase::None;
  return phases_agree && pack(a.instance) == pack(b.instance);
}

/// Puts together what a gap of at most `gap` parts, up to slices of four gaps.
void merge_close(TimelineLane& lane, Picoseconds gap) {
  merge(lane,
        [gap](const TimelineSlice& a, const TimelineSlice& b) { return b.start - a.end <= gap && b.end - a.start <= 4 * gap; });
}

/// First by pass; then by ever longer gaps, from a quarter of a pixel of a wide screen on, kernels only when transfers are coarse
/// already; until the slices fit the budget.
void fit(std::vector<TimelineLane>& lanes, Picoseconds makespan, std::size_t budget) {
  if (count_slices(lanes) <= budget) return;
  for (TimelineLane& lane : lanes) merge(lane, same_pass);
  constexpr std::int64_t quarter_pixels = 8192;
  constexpr int kernels_wait = 5;  // doublings: eight pixels
  Picoseconds gap = std::max(makespan / quarter_pixels, Picoseconds(1));
  for (int round = 0; count_slices(lanes) > std::max(budget, lanes.size()); ++round) {
    for (TimelineLane& lane : lanes) {
      if (lane.stream != StreamKind::Compute || round > kernels_wait) merge_close(lane, gap);
    }
    gap *= 2;
  }
}

/// The stretch [from, to] of lanes; slices that reach over its ends belong to it.
TimelineDetail cut(const std::vector<TimelineLane>& lanes, Picoseconds from, Picoseconds to) {
  TimelineDetail detail{.from = from, .to = to, .lanes = {}};
  for (const TimelineLane& lane : lanes) {
    TimelineLane part{.rank = lane.rank, .stream = lane.stream, .slices = {}};
    for (const TimelineSlice& slice : lane.slices) {
      if (slice.end > from && slice.start < to) part.slices.push_back(slice);
    }
    if (!part.slices.empty()) detail.lanes.push_back(std::move(part));
  }
  return detail;
}

/// The longest stretch around a point of the step, as a fraction of it, that holds no more slices than the budget.
TimelineDetail detail_around(const std::vector<TimelineLane>& lanes, Picoseconds makespan, double at, std::size_t budget) {
  const auto middle = Picoseconds(static_cast<std::int64_t>(at * static_cast<double>(makespan.count())));
  TimelineDetail detail{.from = middle, .to = middle, .lanes = {}};
  for (Picoseconds reach = makespan / 3; reach > Picoseconds{}; reach /= 2) {
    const Picoseconds from = std::clamp(middle - reach / 2, Picoseconds{}, makespan - reach);
    detail = cut(lanes, from, from + reach);
    if (count_slices(detail.lanes) <= budget) return detail;
  }
  return detail;
}

}  // namespace

TimelineView view_timeline(const BuiltStep& step, const Timeline& timeline, int important, const TimelineBudget& budget) {
  TimelineView view{
      .makespan = timeline.makespan, .ranks = choose_ranks(step.ranks, important, budget.ranks), .lanes = {}, .details = {}};
  view.lanes = Lanes(step, timeline, view.ranks).run();
  if (count_slices(view.lanes) <= budget.slices) return view;
  for (const double at : {0.0, 0.5, 1.0})
    view.details.push_back(detail_around(view.lanes, view.makespan, at, budget.detail_slices));
  fit(view.lanes, view.makespan, budget.slices);
  return view;
}

}  // namespace mfusim
