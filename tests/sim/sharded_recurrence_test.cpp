// SPDX-License-Identifier: Apache-2.0
#include "sim/sharded_recurrence.hpp"

#include "sim/engine.hpp"
#include "sim/evaluate.hpp"
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

}  // namespace

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
