// SPDX-License-Identifier: Apache-2.0
#include "sim/communicator_memory.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"
#include "tests/sim/stage_memory.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

std::vector<StageMemory> memory_with(const Settings& settings) {
  return memory_by_stage(scenario_of(small_clip, settings));
}

/// One communicator inside a node of A100.
Bytes of_node(int ranks) {
  return communicator_memory({.ranks = ranks, .ranks_per_node = ranks}, scenario_of(small_clip).cluster);
}

}  // namespace

TEST_CASE("a rank of one tower has the communicators of that tower's plan, and the job's", "[property]") {
  const Settings apart{{"towers.placement", "disjoint"}, {"towers.vision.gpus", "6"}, {"towers.vision.parallel.tensor", "2"}};
  const std::vector<StageMemory> ranks = memory_with(apart);
  CHECK(part(ranks[0], "communicators") == of_node(2) + of_node(3) + of_node(8));  // tensor 2 x data 3 of 6, and all 8
  CHECK(part(ranks[1], "communicators") == of_node(2) + of_node(8));               // data 2 of 2, and all 8
  const std::string pipeline = GENERATE("1", "2");
  CAPTURE(pipeline);
  Settings piped = apart;
  piped.emplace_back("towers.text.parallel.pipeline", pipeline);
  CHECK(part(memory_with(piped)[0], "communicators") == part(ranks[0], "communicators"));
}

TEST_CASE("what the parallel section says is nothing to towers that have plans of their own", "[property]") {
  const std::string placement = GENERATE("disjoint", "two-grid");
  CAPTURE(placement);
  Settings settings{{"towers.placement", placement}, {"towers.vision.parallel.tensor", "2"}};
  if (placement == "disjoint") settings.emplace_back("towers.vision.gpus", "4");
  Scenario scenario = scenario_of(small_clip, settings);
  const Bytes before = memory_by_stage(scenario).front().total();
  scenario.parallel.tensor = 4;
  scenario.parallel.data = 2;
  scenario.parallel.shard_group = 2;
  CHECK(memory_by_stage(scenario).front().total() == before);
}

TEST_CASE("grids that differ open communicators each, grids that are alike share them", "[property]") {
  const auto held = [](const Settings& settings) {
    Settings grids{{"towers.placement", "two-grid"}};
    grids.insert(grids.end(), settings.begin(), settings.end());
    return part(memory_with(grids).front(), "communicators");
  };
  CHECK(held({}) == part(memory_with({}).front(), "communicators"));
  CHECK(held({{"towers.vision.parallel.tensor", "2"}}) == of_node(2) + of_node(4) + of_node(8));  // 2 x 4, and 8 data ranks
}

TEST_CASE("a global loss keeps the scores of the whole batch on every rank, a local one those of its own rows", "[property]") {
  const auto loss = [](int gpus, int batch, const char* exchange) {
    return part(memory_with({{"cluster.gpus", std::to_string(gpus)},
                             {"training.global_batch", std::to_string(batch)},
                             {"towers.loss", exchange}})
                    .front(),
                "loss")
        .value();
  };
  // alone, a rank has the whole batch as its own rows; of eight, each normalises an eighth of the embeddings: bytes a sample
  const auto embedding = [&](int batch) { return (loss(1, batch, "local") - loss(8, batch, "global")) / (batch * 7.0 / 8); };
  CHECK(embedding(512) > 0);
  CHECK_THAT(embedding(4096), WithinRel(embedding(512), 1e-9));
  CHECK(loss(1, 512, "global") == loss(1, 512, "local"));
  constexpr double score =
      4;  // bytes, fp32; local: images to texts and texts to images, b x B each; global: B x B, read both ways
  const double batch = 4096;
  CHECK(loss(8, 4096, "global") - loss(8, 4096, "local") >= score * batch * batch * (1 - 2.0 / 8));
}
