// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline_view.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <map>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

const Settings four_stages{{"cluster.gpus", "4"}, {"parallel.pipeline", "4"}};

using Place = std::pair<int, StreamKind>;

/// Busy time and tasks of each stream, straight from the timeline.
std::map<Place, std::pair<Picoseconds, std::uint32_t>> totals_of(const Run& one) {
  std::map<Place, std::pair<Picoseconds, std::uint32_t>> totals;
  const auto add = [&](TaskId task, StreamId stream) {
    const Picoseconds time = one.timeline.end[task] - one.timeline.start[task];
    if (time == Picoseconds{}) return;
    auto& [busy, tasks] = totals[{rank_of(stream), kind_of(stream)}];
    busy += time;
    ++tasks;
  };
  for (TaskId task = 0; task < one.step.graph.size(); ++task) add(task, one.step.graph.tasks[task].stream);
  for (const JointStream& joint : one.step.graph.joint_streams) add(joint.task, joint.stream);
  return totals;
}

std::size_t slices_in(const std::vector<TimelineLane>& lanes) {
  std::size_t slices = 0;
  for (const TimelineLane& lane : lanes) slices += lane.slices.size();
  return slices;
}

void check_order(const std::vector<TimelineLane>& lanes, Picoseconds makespan) {
  for (const TimelineLane& lane : lanes) {
    Picoseconds before{};
    for (const TimelineSlice& slice : lane.slices) {
      CHECK(slice.start >= before);
      CHECK(slice.busy <= slice.end - slice.start);
      before = slice.end;
    }
    CHECK(before <= makespan);
  }
}

}  // namespace

TEST_CASE("whatever is joined, each stream keeps its tasks and its busy time", "[property]") {
  const std::size_t budget = GENERATE(std::size_t{10}, std::size_t{100}, std::size_t{1000}, std::size_t{1'000'000});
  CAPTURE(budget);
  const Run one = run(small_decoder, four_stages);
  const TimelineView view = view_timeline(one.step, one.timeline, 3, {.ranks = 16, .slices = budget, .detail_slices = 50});
  auto totals = totals_of(one);
  CHECK(view.lanes.size() == totals.size());
  CHECK(slices_in(view.lanes) <= std::max(budget, view.lanes.size()));
  check_order(view.lanes, view.makespan);
  for (const TimelineLane& lane : view.lanes) {
    auto& [busy, tasks] = totals.at({lane.rank, lane.stream});
    for (const TimelineSlice& slice : lane.slices) {
      busy -= slice.busy;
      tasks -= slice.tasks;
    }
    CHECK(busy == Picoseconds{});
    CHECK(tasks == 0);
  }
}

TEST_CASE("stretches in detail hold every task by itself, at the start, in the middle and at the end", "[property]") {
  const Run one = run(small_decoder, four_stages);
  const TimelineView view = view_timeline(one.step, one.timeline, 0, {.ranks = 16, .slices = 100, .detail_slices = 50});
  REQUIRE(view.details.size() == 3);
  CHECK(view.details.front().from == Picoseconds{});
  CHECK(view.details.back().to == one.timeline.makespan);
  for (const TimelineDetail& detail : view.details) {
    CHECK(slices_in(detail.lanes) <= 50);
    CHECK(detail.from < detail.to);
    check_order(detail.lanes, view.makespan);
    for (const TimelineLane& lane : detail.lanes) {
      for (const TimelineSlice& slice : lane.slices) CHECK(slice.tasks == 1);
    }
  }
}

TEST_CASE("a step with few tasks is shown as it is", "[unit]") {
  const Run one = run(small_decoder);
  const TimelineView view = view_timeline(one.step, one.timeline, 0, {.ranks = 16, .slices = 1'000'000, .detail_slices = 1});
  CHECK(view.details.empty());
  for (const TimelineLane& lane : view.lanes) {
    for (const TimelineSlice& slice : lane.slices) CHECK(slice.tasks == 1);
  }
}

TEST_CASE("of many ranks the first, the last and the important one are shown", "[unit]") {
  const Run one = run(small_decoder, {{"cluster.gpus", "16"}, {"parallel.pipeline", "16"}});
  const int important = GENERATE(0, 7, 15);
  const TimelineView view = view_timeline(one.step, one.timeline, important, {.ranks = 5, .slices = 1000, .detail_slices = 10});
  CHECK(view.ranks.size() <= 5);
  CHECK(view.ranks.size() >= 4);
  for (const int rank : {0, important, 15}) CHECK(std::count(view.ranks.begin(), view.ranks.end(), rank) == 1);
}
