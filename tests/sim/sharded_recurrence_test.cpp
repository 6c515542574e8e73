// SPDX-License-Identifier: Apache-2.0
#include "sim/sharded_recurrence.hpp"

#include "sim/engine.hpp"
#include "sim/evaluate.hpp"
#include "sim/task_graph_builder.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <random>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

template <class T>
const T& one_of(std::mt19937& random, const std::vector<T>& values) {
  return values[random() % values.size()];
}

/// A language model on eight GPUs whose parameters are sharded, in a few micro-batches or many.
Settings sharded_plan(std::mt19937& random) {
  const std::string tensor = one_of<std::string>(random, {"1", "1", "2"});
  const int micro_batches = 12 + static_cast<int>(random() % 30);
  const int replicas = tensor == "1" ? 8 : 4;
  Settings settings{
      {"cluster.gpus", "8"},
      {"model.layers", one_of<std::string>(random, {"2", "3", "5"})},
      {"model.hidden_size", one_of<std::string>(random, {"512", "1024", "4096"})},
      {"model.mlp_size", one_of<std::string>(random, {"1024", "8192"})},
      {"training.sequence_length", one_of<std::string>(random, {"128", "1024"})},
      {"training.global_batch", std::to_string(replicas * micro_batches)},
      {"parallel.zero", "3"},
      {"parallel.tensor", tensor},
      {"parallel.recompute", one_of<std::string>(random, {"none", "full"})},
      {"stack", one_of<std::string>(random, {"pytorch-fsdp-2023", "torchtitan-2025", "deepspeed-2023", "megatron-core-2024"})},
      {"techniques.dp_overlap", one_of<std::string>(random, {"true", "true", "false"})}};
  if (random() % 2 == 0) settings.emplace_back("parallel.fsdp.backward_prefetch", std::to_string(random() % 3));
  if (random() % 3 == 0) settings.emplace_back("parallel.fsdp.reshard_after_forward", "false");
  return settings;
}

/// A launch on the host and a kernel behind it in each micro-batch, then an update that the host launches in `update`
/// picoseconds.
struct ByHand {
  TaskGraph graph;
  std::vector<TaskId> first_tasks;
};
ByHand by_hand(int micro_batches, int launch, int kernel, int update, int early_exchange = 0) {
  TaskGraphBuilder builder(100);
  for (int stream = 0; stream < streams_per_rank; ++stream) static_cast<void>(builder.add_stream());
  const auto add = [&](StreamKind stream, int duration, const std::vector<TaskId>& after) {
    return builder.add({.duration = Picoseconds(duration), .stream = stream_of(0, stream)}, after);
  };
  ByHand step;
  std::vector<TaskId> awaited;
  if (early_exchange > 0) awaited.push_back(add(StreamKind::Data, early_exchange, {}));
  for (int i = 0; i < micro_batches; ++i) {
    step.first_tasks.push_back(static_cast<TaskId>(awaited.size() + 2 * static_cast<std::size_t>(i)));
    static_cast<void>(add(StreamKind::Compute, kernel, {add(StreamKind::Host, launch, {})}));
  }
  step.first_tasks.push_back(static_cast<TaskId>(awaited.size() + 2 * static_cast<std::size_t>(micro_batches)));
  awaited.push_back(add(StreamKind::Host, update, {}));
  static_cast<void>(add(StreamKind::Compute, kernel, awaited));
  step.graph = std::move(builder).build();
  return step;
}

std::optional<Picoseconds> period_of(const ByHand& step) {
  return period_of_micro_batches(step.graph, simulate(step.graph), step.first_tasks);
}

Picoseconds makespan_of(const ByHand& step) {
  return simulate(step.graph).makespan;
}

}  // namespace

TEST_CASE("a micro-batch more adds its kernels as long as nothing waits for the host, or its launches where all do", "[unit]") {
  CHECK(period_of(by_hand(8, 3, 5, 10)) == Picoseconds(5));
  CHECK(makespan_of(by_hand(20, 3, 5, 10)) - makespan_of(by_hand(8, 3, 5, 10)) == Picoseconds(12 * 5));
  CHECK(period_of(by_hand(8, 7, 5, 10)) == Picoseconds(7));
  CHECK(makespan_of(by_hand(20, 7, 5, 10)) - makespan_of(by_hand(8, 7, 5, 10)) == Picoseconds(12 * 7));
  CHECK_FALSE(period_of(by_hand(5, 3, 5, 10)));  // too few to compare
}

TEST_CASE("an update that waits for its launch after few micro-batches need not do so after many", "[unit]") {
  const int update = 30;  // launched when 8 micro-batches have long ended, and 20 have not
  CHECK(makespan_of(by_hand(20, 3, 5, update)) - makespan_of(by_hand(8, 3, 5, update)) != Picoseconds(12 * 5));
  CHECK_FALSE(period_of(by_hand(8, 3, 5, update)));
}

TEST_CASE("an exchange of the beginning that still runs has no equal among later ones", "[unit]") {
  const int exchange = 100;  // the update waits for it after 8 micro-batches, and hardly after 20
  CHECK(makespan_of(by_hand(20, 3, 5, 10, exchange)) - makespan_of(by_hand(8, 3, 5, 10, exchange)) != Picoseconds(12 * 5));
  CHECK_FALSE(period_of(by_hand(8, 3, 5, 10, exchange)));
}

TEST_CASE("a sharded step continued from a few micro-batches is the whole step, to the picosecond", "[property]") {
  std::mt19937 random(20261129);
  int found = 0;
  int worth_it = 0;
  constexpr int plans = 60;
  for (int plan = 0; plan < plans; ++plan) {
    const Settings settings = sharded_plan(random);
    for (const auto& [key, value] : settings) UNSCOPED_INFO(key << " " << value);
    const Scenario scenario = scenario_of(small_decoder, settings);
    const Work<Count> work = micro_batch_work(scenario);
    const std::optional<Picoseconds> continued = recurring_step_time(scenario, work);
    if (scenario.parallel.micro_batches < 16) {
      CHECK_FALSE(continued);
      continue;
    }
    ++worth_it;
    if (!continued) continue;
    ++found;
    CHECK(*continued == simulate(build_step(scenario, work).graph).makespan);
    CHECK(step_time(scenario, work) == *continued);
  }
  CAPTURE(found);
  CHECK(worth_it > plans / 2);
  CHECK(10 * found > 9 * worth_it);
}
