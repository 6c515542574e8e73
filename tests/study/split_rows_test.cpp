// SPDX-License-Identifier: Apache-2.0
#include "sim/towers.hpp"
#include "study/split.hpp"
#include "study/split_answer.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

/// Two small towers on half of a node.
const char* const half_a_node = R"(
model:
  kind: clip
  projection: 256
  vision: {layers: 2, hidden_size: 512, heads: 8, mlp_size: 2048, image_size: 224, patch_size: 14}
  text: {layers: 2, hidden_size: 512, heads: 8, mlp_size: 2048, vocabulary: 1024, context_length: 64}
cluster: {gpu: a100-sxm4-40gb, gpus: 4, gpus_per_node: 8, network: ib-8x200g}
training: {global_batch: 64, precision: bf16, optimizer: adamw}
stack: pytorch-ddp-2024
)";

std::string up_to(std::int64_t samples, std::int64_t parts) {
  return std::to_string((samples + parts - 1) / parts);
}

void add_tower(const SplitPoint& point, std::size_t tower, std::int64_t batch, Settings& settings) {
  const bool vision = tower == vision_tower_number;
  const std::string name = vision ? "towers.vision." : "towers.text.";
  const int tensor = vision ? point.vision_tensor : point.text_tensor;
  const int gpus = vision ? point.vision_gpus : point.text_gpus;
  const std::int64_t share = std::stoll(up_to(batch, gpus / tensor));
  settings.insert(settings.end(),
                  {{name + "parallel.tensor", std::to_string(tensor)},
                   {name + "parallel.recompute", to_string(vision ? point.vision_recompute : point.text_recompute)},
                   {name + "gpus", std::to_string(gpus)},
                   {name + "micro_batch", up_to(share, vision ? point.vision_passes : point.text_passes)}});
}

/// What a person would write for a row of the report.
Settings written(const SplitPoint& point, std::int64_t batch) {
  Settings settings{{"training.global_batch", std::to_string(batch)}, {"towers.placement", to_string(point.placement)}};
  if (point.placement == TowerPlacement::Disjoint || point.placement == TowerPlacement::TwoGrid) {
    add_tower(point, vision_tower_number, batch, settings);
    add_tower(point, text_tower_number, batch, settings);
    return settings;
  }
  const std::int64_t share = batch / (point.vision_gpus / point.vision_tensor);
  settings.insert(settings.end(), {{"parallel.tensor", std::to_string(point.vision_tensor)},
                                   {"parallel.recompute", to_string(point.vision_recompute)},
                                   {"training.micro_batch", up_to(share, point.vision_passes)}});
  return settings;
}

void check_row(const SplitPoint& point, Settings settings, int gpus, std::int64_t batch) {
  CAPTURE(to_string(point.placement), point.vision_gpus, point.text_gpus, point.vision_passes, point.text_passes, gpus);
  settings.emplace_back("cluster.gpus", std::to_string(gpus));
  const Settings row = written(point, batch);
  settings.insert(settings.end(), row.begin(), row.end());
  const Run same = run(half_a_node, settings);
  CHECK(same.result.iteration_time == point.step_time);
  CHECK(same.result.mfu == point.mfu);
  CHECK(same.result.memory.capacity - same.result.memory.peak == point.headroom);
  CHECK(same.result.memory.fits == point.fits);
}

}  // namespace

TEST_CASE("each row of a split is a scenario that a run takes, with the same step and memory", "[property]") {
  const Settings settings = GENERATE(Settings{}, Settings{{"parallel.zero", "3"}},
                                     Settings{{"training.global_batch", "20004"}},  // 5001 a GPU of four, 6668 a GPU of three
                                     Settings{{"training.global_batch", "40000"}, {"parallel.zero", "3"}});
  const Scenario scenario = scenario_of(half_a_node, settings);
  const std::int64_t batch = scenario.training.global_batch;
  CAPTURE(batch, scenario.parallel.zero);
  const SplitReport report = split_towers(scenario);
  for (const SplitPoint& point : report.placements) check_row(point, settings, 4, batch);
  for (const SplitPoint& point : report.curve) check_row(point, settings, 4, batch);
  REQUIRE(report.scales.size() > 1);
  for (std::size_t i = 0; i < 2; ++i) {  // 8 GPUs are one node, 16 are two
    const int gpus = report.scales[i].gpus;
    check_row(report.scales[i].disjoint, settings, gpus, batch * gpus / 4);
  }
}

TEST_CASE("a share without small divisors is not taken sample by sample", "[property]") {
  // 10007 is prime: as the share of each of four GPUs it is dealt evenly in one pass or in as many as it has samples
  const Scenario together = with_colocated(scenario_of(half_a_node, {{"training.global_batch", "40028"}}));
  CHECK(together.parallel.micro_batches == 1);
  CHECK_FALSE(split_point(together).fits);
}

TEST_CASE("of few splits the best is the best of all", "[property]") {
  const Settings settings = GENERATE(Settings{}, Settings{{"cluster.gpus", "16"}, {"training.global_batch", "256"}},
                                     Settings{{"training.text_length", "8"}, {"training.global_batch", "16"}});
  const Scenario scenario = scenario_of(half_a_node, settings);
  const SplitPoint best = best_split(scenario);
  for (const int vision : admissible_vision_gpus(scenario)) {
    CAPTURE(vision, best.vision_gpus);
    CHECK_FALSE(better(split_point(with_split(scenario, vision, scenario.cluster.gpus - vision)), best));
  }
}

TEST_CASE("where colocated towers alone fit, that is the reason not to split", "[unit]") {
  SplitReport report;
  report.colocated.fits = true;
  report.colocated.step_time = Seconds(2);
  report.best_disjoint.step_time = Seconds(1);
  report.best_disjoint.headroom = Bytes(-3e9);
  const std::string words = recommendation_of(report);
  CHECK(words.starts_with("Do not split: no split fits"));
  CHECK_THAT(words, ContainsSubstring("lacks 3.0 GB"));
}

TEST_CASE("a plan that a split cannot keep is refused", "[unit]") {
  const auto refusal = [](const Settings& settings) {
    try {
      static_cast<void>(split_towers(scenario_of(half_a_node, settings)));
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK_THAT(refusal({{"parallel.zero", "1"}, {"parallel.shard_group", "2"}}),
             ContainsSubstring("parallel.shard_group: a split shards over all ranks of a tower"));
  CHECK_THAT(refusal({{"parallel.pipeline", "2"}, {"towers.placement", "disjoint"}, {"towers.vision.gpus", "2"}}),
             ContainsSubstring("parallel.pipeline: a split takes each rank's share"));
}
