// SPDX-License-Identifier: Apache-2.0
// Steps by hand, where what is under way decides whether periods may be left out: real plans hardly ever have such a thing.
#include "sim/fold.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

#include <vector>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

constexpr Picoseconds kernel(1000);

/// Two ranks that pass `written` times, one kernel a pass, all alike but the first and the last, and once more; beside them a
/// gather.
struct Shape {
  Picoseconds gather{};
  int gathers_on = 0;
  bool needed_at_last = false;  ///< The last pass of rank 0 waits for the gather.
  bool sends_at_last = false;   ///< Its rank uses the gather's stream once more.
  StepUse use = StepUse::None;
};

Step lasting(Picoseconds duration, StreamKind stream, StepUse use) {
  Step step;
  step.duration = duration;
  step.stream = stream;
  step.use = use;
  return step;
}

StepGraph step_of(const Shape& shape, const Cluster& cluster, const Segment& pass, std::uint32_t written, std::int64_t left_out) {
  StepGraph step(cluster, 2);
  step.table().push_back(lasting(kernel, StreamKind::Compute, StepUse::Compute));
  const StepTask gather = step.add(shape.gathers_on, lasting(shape.gather, StreamKind::Data, shape.use), {}, {});
  const std::vector<StepTask> needed = shape.needed_at_last ? std::vector<StepTask>{gather} : std::vector<StepTask>{};
  PlacedSegment last;  // of the gather's rank
  for (const int rank : {1, 0}) {
    for (std::uint32_t i = 0; i < written; ++i) static_cast<void>(step.place(rank, pass, {.micro_batch = i, .chunk = 0}, {}));
    const PlacedSegment end =
        step.place(rank, pass, {.micro_batch = written, .chunk = 0}, rank == 0 ? needed : std::vector<StepTask>{});
    if (rank == shape.gathers_on) last = end;
  }
  if (shape.sends_at_last) {
    const std::vector<StepTask> end{last.task(0)};
    static_cast<void>(step.add(shape.gathers_on, lasting(kernel, StreamKind::Data, StepUse::None), {}, end));
  }
  const StepRecord::Repetition passes{.first = 1, .last = written, .period = 1};
  step.set_repetitions({passes, passes}, left_out);
  return step;
}

}  // namespace

TEST_CASE("periods are left out where nothing of the beginning is under way; else the fold says so, or is right", "[property]") {
  constexpr std::uint32_t written = 12;
  constexpr std::uint32_t all = 60;
  const Cluster cluster = scenario_of(tiny_decoder).cluster;
  Segment pass;
  pass.tasks = {{.step = 0, .after = {segment_entry, no_task, no_task}}};
  pass.exits = {0};
  const int length = GENERATE(0, 3, 9, 11, 12, 13, 30, 59, 60, 61, 200);
  const int gathers_on = GENERATE(0, 1);
  const bool needed_at_last = GENERATE(false, true);
  const bool sends_at_last = GENERATE(false, true);
  const StepUse use = GENERATE(StepUse::None, StepUse::NetworkTransfer);
  CAPTURE(length, gathers_on, needed_at_last, sends_at_last, use);
  const Shape shape{.gather = length * kernel + Picoseconds(500),
                    .gathers_on = gathers_on,
                    .needed_at_last = needed_at_last,
                    .sends_at_last = sends_at_last,
                    .use = use};
  const std::vector<double> pace{1.0, 1.0};
  const std::optional<Folded> whole = fold(step_of(shape, cluster, pass, all, 0), pace);
  REQUIRE(whole);
  CHECK(whole->makespan == simulate(step_of(shape, cluster, pass, all, 0).build().graph).makespan);
  const std::optional<Folded> fewer = fold(step_of(shape, cluster, pass, written, all - written), pace);
  REQUIRE(fewer);
  if (fewer->complete) CHECK(fewer->makespan == whole->makespan);
  const bool over = whole->makespan == (all + 1 + (sends_at_last ? 1 : 0)) * kernel;  // the gather delays nothing
  if (over && length < 9) CHECK(fewer->complete);
  const bool matters = needed_at_last || sends_at_last;  // else it is left out of the situation
  if (matters && length >= static_cast<int>(written)) CHECK(!fewer->complete);
}
