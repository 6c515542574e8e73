// SPDX-License-Identifier: Apache-2.0
#include "sim/operator_profile.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>
#include <set>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

const Settings two_stages{{"cluster.gpus", "16"}, {"parallel.tensor", "2"}, {"parallel.pipeline", "2"}};

}  // namespace

TEST_CASE("the profile of a rank holds each of its tasks once: counts, times and FLOPs sum to theirs", "[property]") {
  const int rank = GENERATE(0, 1);
  CAPTURE(rank);
  const Run one = run(small_decoder, two_stages);
  std::int64_t tasks = 0;
  double seconds = 0;
  double flops = 0;
  const auto add = [&](TaskId task) {
    if (one.timeline.end[task] == one.timeline.start[task]) return;
    ++tasks;
    seconds += to_seconds(one.timeline.end[task] - one.timeline.start[task]).count();
    flops += one.step.steps[one.step.graph.tasks[task].label].flops.value();
  };
  for (TaskId task = 0; task < one.step.graph.size(); ++task) {
    if (rank_of(one.step.graph.tasks[task].stream) == rank) add(task);
  }
  for (const JointStream& joint : one.step.graph.joint_streams) {
    if (rank_of(joint.stream) == rank && rank_of(one.step.graph.tasks[joint.task].stream) != rank) add(joint.task);
  }
  std::int64_t counted = 0;
  double time = 0;
  double work = 0;
  for (const OperatorUse& use : profile_operators(one.step, one.timeline, rank)) {
    counted += use.count;
    time += use.time.count();
    work += static_cast<double>(use.count) * use.step.flops.value();
    CHECK(use.time >= use.alone * (1 - 1e-12));
  }
  CHECK(counted == tasks);
  CHECK_THAT(time, WithinRel(seconds, 1e-12));
  CHECK_THAT(work, WithinRel(flops, 1e-12));
}

TEST_CASE("operators come by time, and none twice", "[unit]") {
  const Run one = run(small_decoder, two_stages);
  const std::vector<OperatorUse> uses = profile_operators(one.step, one.timeline, 0);
  std::set<std::pair<std::string, std::string>> names;
  for (const OperatorUse& use : uses) names.emplace(use.step.name, use.step.shape);
  CHECK(names.size() == uses.size());
  CHECK(std::is_sorted(uses.begin(), uses.end(), [](const auto& a, const auto& b) { return a.time > b.time; }));
}

TEST_CASE("the roofline is the bandwidth below its corner and the peak above", "[unit]") {
  const FlopsPerSecond peak(300e12);
  const BytesPerSecond bandwidth(2e12);
  CHECK(roofline(75, peak, bandwidth).value() == 150e12);
  CHECK(roofline(150, peak, bandwidth).value() == 300e12);
  CHECK(roofline(1000, peak, bandwidth).value() == 300e12);
}
