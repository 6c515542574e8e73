// SPDX-License-Identifier: Apache-2.0
// Random steps by hand, whose ranks wait for transfers that other transfers of the sender still delay: in plans of real schedules
// a send hardly ever is delayed after its receiver could have looked at it.
#include "sim/contention.hpp"
#include "sim/fold.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

#include <memory>
#include <random>
#include <vector>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

constexpr int ranks = 4;

class RandomStep {
 public:
  RandomStep(const Cluster& cluster, std::uint64_t seed)
      : random_(seed), network_rate_(Contention(cluster).capacities().back()), graph_(cluster, ranks) {
    graph_.table().push_back(step(StreamKind::Compute, StepUse::Compute, below(50)));
    graph_.table().push_back(step(StreamKind::Compute, StepUse::Compute, below(50)));
    passes_[0].tasks = {{.step = 0, .after = {segment_entry, no_task, no_task}}};
    passes_[0].exits = passes_[1].exits = {0};
    passes_[1].tasks = {{.step = 0, .after = {segment_entry, no_task, no_task}}, {.step = 1, .after = {0, no_task, no_task}}};
  }

  /// The same with the passes of a pipeline, which wait as their wiring says; what some of them made is reduced on another
  /// stream, beside what they send.
  StepGraph run_wired() {
    const WiringKey key{
        .stages = ranks, .micro_batches = 6, .blocks_in_steady_phase = random_() % 2 == 0, .blocks_outside = random_() % 2 == 0};
    const auto wiring = std::make_shared<const PipelineWiring>(key, stage_schedules(plan_of(key), {}));
    for (const StreamKind stream : {StreamKind::PipelineForward, StreamKind::PipelineBackward})
      graph_.table().push_back(step(stream, StepUse::NetworkTransfer, below(200)));
    StepRecord::Passes passes{.wiring = wiring, .kinds = {}};
    for (std::uint32_t stage = 0; stage < wiring->stages(); ++stage) {
      for (std::uint32_t kind = 0; kind < wiring->kinds(); ++kind) {
        const bool forward = pass_kind(kind).slot == Slot::Kind::Forward;
        const std::uint32_t sent = forward ? 2 : 3;
        const bool sends = forward ? stage + 1 < wiring->stages() : stage > 0;
        passes.kinds.push_back({graph_.know(passes_[random_() % 2]).number, sends ? sent : StepRecord::none, stage});
      }
    }
    graph_.set_passes(std::move(passes));
    for (std::uint32_t pass = 0; pass < wiring->size(); ++pass) {
      if (random_() % 3 != 0) continue;
      const std::vector<StepTask> made{{step_items::of_pass(pass), 0}};
      graph_.add(static_cast<int>(wiring->stage_of(pass)), step(StreamKind::Data, StepUse::NetworkTransfer, below(200)), {},
                 made);
    }
    return std::move(graph_);
  }

  /// Each pass waits for some of the transfers before it, and sends what it made; some reduce it on another stream too.
  StepGraph run() {
    for (std::uint32_t i = 0; i < 40; ++i) {
      const int rank = static_cast<int>(random_() % ranks);
      std::vector<StepTask> waits;
      for (std::size_t wait = random_() % 3; wait-- > 0 && !sent_.empty();) waits.push_back(sent_[random_() % sent_.size()]);
      const PlacedSegment pass = graph_.place(rank, passes_[random_() % 2], {.micro_batch = i, .chunk = 0}, waits);
      const std::vector<StepTask> made{pass.task(0)};
      const StreamKind stream = random_() % 2 == 0 ? StreamKind::PipelineForward : StreamKind::Data;
      sent_.push_back(graph_.add(rank, step(stream, StepUse::NetworkTransfer, below(200)), {}, made));
    }
    return std::move(graph_);
  }

 private:
  [[nodiscard]] Picoseconds below(std::uint64_t most) {
    return Picoseconds(1'000'000 * (1 + static_cast<std::int64_t>(random_() % most)));
  }

  /// A transfer takes all of its rank's network when it is alone there.
  [[nodiscard]] Step step(StreamKind stream, StepUse use, Picoseconds duration) const {
    Step made;
    made.stream = stream;
    made.use = use;
    made.duration = duration;
    if (use == StepUse::NetworkTransfer) made.bytes = Bytes(network_rate_ * to_seconds(duration).count());
    return made;
  }

  std::mt19937_64 random_;
  double network_rate_;
  StepGraph graph_;
  std::array<Segment, 2> passes_;
  std::vector<StepTask> sent_;
};

}  // namespace

TEST_CASE("ranks that wait for transfers go on when these end, however late others delay them", "[property]") {
  const Cluster cluster = scenario_of(tiny_decoder).cluster;
  const std::vector<double> pace(ranks, 1.0);
  int delayed = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    const std::optional<Folded> folded = fold(RandomStep(cluster, seed).run(), pace);
    REQUIRE(folded);
    const BuiltStep full = RandomStep(cluster, seed).run().build();
    const Timeline timeline = simulate(full.graph);
    CHECK(folded->makespan == timeline.makespan);
    for (TaskId task = 0; task < full.graph.size(); ++task) {
      const bool transfers = full.steps[full.graph.tasks[task].label].use == StepUse::NetworkTransfer;
      if (transfers && timeline.end[task] - timeline.start[task] > full.graph.tasks[task].duration) ++delayed;
    }
  }
  CHECK(delayed > 400);  // else nothing was delayed
}

TEST_CASE("ranks that wait for what passes of a pipeline send do so too", "[property]") {
  const Cluster cluster = scenario_of(tiny_decoder).cluster;
  const std::vector<double> pace(ranks, 1.0);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    const std::optional<Folded> folded = fold(RandomStep(cluster, seed).run_wired(), pace);
    REQUIRE(folded);
    CHECK(folded->makespan == simulate(RandomStep(cluster, seed).run_wired().build().graph).makespan);
  }
}
