// SPDX-License-Identifier: Apache-2.0
#include "sim/memory_advice.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"
#include "tests/sim/stage_memory.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

Bytes peak_of(const std::vector<StageMemory>& stages) {
  Bytes peak;
  for (const StageMemory& stage : stages) peak = std::max(peak, stage.total());
  return peak;
}

/// A model of 20 billion parameters on 64 GPUs, in the plans that leave each kind of change something to do.
const std::vector<std::pair<const char*, Settings>>& crowded_plans() {
  static const std::vector<std::pair<const char*, Settings>> plans{
      {"one stage", {}},
      {"tensor ranks", {{"parallel.tensor", "8"}, {"training.micro_batch", "4"}}},
      {"sequence", {{"parallel.tensor", "8"}, {"parallel.recompute", "full"}, {"training.micro_batch", "8"}}},
      {"full recomputation", {{"parallel.tensor", "4"}, {"parallel.recompute", "full"}}},
      {"pipeline", {{"parallel.pipeline", "8"}, {"training.micro_batch", "2"}}},
      {"sharded", {{"parallel.zero", "3"}, {"training.micro_batch", "8"}, {"training.global_batch", "512"}}},
      {"sharded and recomputed", {{"parallel.zero", "2"}, {"parallel.recompute", "full"}, {"training.micro_batch", "2"}}},
      {"interleaved", {{"parallel.pipeline", "4"}, {"parallel.virtual_stages", "2"}, {"parallel.tensor", "2"}}},
      {"zero bubble", {{"parallel.pipeline", "4"}, {"parallel.schedule", "zb-h2"}, {"training.micro_batch", "2"}}},
      {"all forward first", {{"parallel.pipeline", "4"}, {"parallel.schedule", "gpipe"}}},
  };
  return plans;
}

Settings crowded(const Settings& more) {
  Settings settings{{"model.layers", "40"},           {"model.hidden_size", "6144"},       {"model.heads", "48"},
                    {"model.kv_heads", "48"},         {"model.mlp_size", "24576"},         {"cluster.gpus", "64"},
                    {"training.global_batch", "512"}, {"training.sequence_length", "2048"}};
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

}  // namespace

TEST_CASE("a change for the sake of memory, made in the scenario, needs what it promises", "[property]") {
  std::set<std::string> tried;
  for (const char* stack :
       {"megatron-lm-2023-01", "megatron-core-2024", "deepspeed-2023", "pytorch-fsdp-2023", "torchtitan-2025"}) {
    for (const auto& [name, plan] : crowded_plans()) {
      Settings settings = crowded(plan);
      settings.push_back({"stack", stack});
      if (refusal_of(small_decoder, settings) != "accepted") continue;
      for (const MemoryChange& change : memory_changes(scenario_of(small_decoder, settings))) {
        CAPTURE(stack, name, change.settings.front().first, change.settings.front().second);
        Settings changed = settings;
        changed.insert(changed.end(), change.settings.begin(), change.settings.end());
        REQUIRE(refusal_of(small_decoder, changed) == "accepted");
        CHECK(peak_of(memory_by_stage(scenario_of(small_decoder, changed))) == change.peak);
        tried.insert(change.settings.front().first);
      }
    }
  }
  CHECK(tried == std::set<std::string>{"parallel.recompute", "parallel.sequence", "parallel.tensor", "parallel.zero",
                                       "training.micro_batch"});
}

TEST_CASE("a change to a two-tower plan, made in the scenario, needs what it promises", "[property]") {
  std::set<std::string> tried;
  for (const Settings& plan : std::vector<Settings>{
           {},
           {{"training.micro_batch", "512"}},
           {{"parallel.zero", "2"}, {"training.micro_batch", "512"}, {"parallel.recompute", "full"}},
           {{"towers.placement", "two-streams"}, {"parallel.zero", "2"}},
           {{"parallel.pipeline", "2"}, {"training.micro_batch", "512"}},
           {{"towers.placement", "disjoint"}, {"towers.vision.gpus", "2"}, {"towers.vision.parallel.recompute", "selective"}},
           {{"towers.placement", "disjoint"},
            {"towers.vision.gpus", "6"},
            {"parallel.zero", "2"},
            {"towers.vision.micro_batch", "342"}},
           {{"towers.placement", "disjoint"}, {"towers.vision.gpus", "4"}, {"towers.vision.parallel.pipeline", "2"}},
           {{"towers.placement", "two-grid"}, {"towers.vision.parallel.tensor", "2"}, {"parallel.zero", "2"}}}) {
    Settings settings{{"training.global_batch", "8192"}};
    settings.insert(settings.end(), plan.begin(), plan.end());
    CAPTURE(settings.back().first, settings.back().second);
    REQUIRE(refusal_of(small_clip, settings) == "accepted");
    for (const MemoryChange& change : memory_changes(scenario_of(small_clip, settings))) {
      CAPTURE(change.settings.front().first, change.settings.front().second);
      Settings changed = settings;
      changed.insert(changed.end(), change.settings.begin(), change.settings.end());
      REQUIRE(refusal_of(small_clip, changed) == "accepted");
      CHECK(peak_of(memory_by_stage(scenario_of(small_clip, changed))) == change.peak);
      tried.insert(change.settings.front().first);
    }
  }
  CHECK(tried == std::set<std::string>{"parallel.recompute", "parallel.zero", "towers.text.parallel.recompute",
                                       "towers.vision.micro_batch", "towers.vision.parallel.recompute",
                                       "towers.vision.parallel.zero", "training.micro_batch"});
}

TEST_CASE("the advised change is the one that needs least, and its words say how much it frees", "[property]") {
  for (const auto& [name, plan] : crowded_plans()) {
    const Scenario scenario = scenario_of(small_decoder, crowded(plan));
    const std::string words = memory_advice(scenario);
    CAPTURE(name, words);
    Bytes least = peak_of(memory_by_stage(scenario));
    const Bytes now = least;
    std::string key;
    for (const MemoryChange& change : memory_changes(scenario)) {
      if (change.peak >= least) continue;
      least = change.peak;
      key = change.settings.front().first;
    }
    REQUIRE(words.empty() == key.empty());
    if (words.empty()) continue;
    CHECK(words.starts_with(key));
    double freed_gb = 0;
    REQUIRE(std::sscanf(words.c_str() + words.find("frees most"), "frees most: %lf GB", &freed_gb) == 1);
    CHECK_THAT(freed_gb, WithinAbs((now - least).value() / 1e9, 0.0501));  // printed with one decimal
    CHECK(words.ends_with("and then it fits") == (least <= scenario.cluster.gpu.memory_capacity));
  }
}
