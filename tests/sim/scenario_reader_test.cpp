// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario_reader.hpp"

#include "base/document.hpp"
#include "tests/catch.hpp"

#include <random>

namespace {

using namespace mfusim;

/// Settings of one walk: each step takes one of a key's values.
struct Walk {
  const char* document;
  std::vector<std::pair<std::string, std::vector<std::string>>> settings;
};

const Walk language_model{
    R"(
model: {kind: decoder, layers: 4, hidden_size: 256, heads: 8, vocabulary: 1000}
cluster: {gpu: a100-sxm4-80gb, gpus: 16, gpus_per_node: 8, network: ib-8x200g}
training: {global_batch: 16, sequence_length: 64}
)",
    {{"model.layers", {"4", "6", "0"}},
     {"model.heads", {"8", "3"}},
     {"cluster.gpu", {"a100-sxm4-80gb", "h100-sxm5-80gb", "v100-sxm2-32gb", "abacus"}},
     {"cluster.gpus", {"8", "16", "12"}},
     {"training.micro_batch", {"1", "2", "5"}},
     {"training.precision", {"bf16", "fp32"}},
     {"training.gradients", {"fp32", "bf16"}},
     {"parallel.tensor", {"1", "2", "3", "16"}},
     {"parallel.sequence", {"false", "true", "perhaps"}},
     {"parallel.pipeline", {"1", "2", "3"}},
     {"parallel.virtual_stages", {"1", "2"}},
     {"parallel.zero", {"0", "1", "3", "4"}},
     {"parallel.recompute", {"none", "full", "all"}},
     {"stack", {"megatron-lm-2023-01", "megatron-core-2024", "pytorch-fsdp-2023"}},
     {"stack_settings.fragmentation", {"0", "0.1", "2"}},
     {"techniques.tp_overlap", {"false", "true"}},
     {"techniques.dp_overlap", {"false", "true", "1"}},
     {"data.decode_per_node", {"100 samples/s", "0 samples/s"}},
     {"variation.slow_nodes", {"{fraction: 0.5, slowdown: 1.1}", "{fraction: 2, slowdown: 1.1}"}}}};

const Walk two_towers{
    R"(
model: openai/clip-vit-large-patch14-336
cluster: {gpu: a100-sxm4-80gb, gpus: 8}
training: {global_batch: 64}
stack: pytorch-ddp-2024
)",
    {{"model", {"openai/clip-vit-large-patch14-336", "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"}},
     {"training.patch_dropout", {"0", "0.5", "1"}},
     {"training.micro_batch", {"4", "8", "7"}},
     {"towers.freeze", {"none", "vision", "text"}},
     {"towers.loss", {"local", "global", "ring"}},
     {"towers.placement", {"colocated", "two-streams", "two-grid"}},
     {"parallel.pipeline", {"1", "2", "5"}},
     {"parallel.tensor", {"1", "2"}},
     {"techniques.fused_operators", {"false", "true"}}}};

std::string rule_of(const InputError& error) {
  return error.what();
}

void check_same(const Scenario& got, const Scenario& once) {
  CHECK(got.training == once.training);
  CHECK(got.parallel == once.parallel);
  CHECK(got.techniques == once.techniques);
  CHECK(got.stack == once.stack);
  CHECK(got.data == once.data);
  CHECK(got.placement == once.placement);
  CHECK(got.loss_exchange == once.loss_exchange);
  CHECK(got.warnings == once.warnings);
  CHECK(got.cluster.gpu.name == once.cluster.gpu.name);
  CHECK(got.cluster.gpus == once.cluster.gpus);
  CHECK(got.cluster.gpus_per_node == once.cluster.gpus_per_node);
  CHECK(got.variation.has_value() == once.variation.has_value());
  CHECK(got.model.name == once.model.name);
  CHECK(repeated_layers(got.model) == repeated_layers(once.model));
  REQUIRE(got.tower_plans.size() == once.tower_plans.size());
  for (std::size_t i = 0; i < got.tower_plans.size(); ++i) {
    CHECK(got.tower_plans[i].parallel == once.tower_plans[i].parallel);
    CHECK(got.tower_plans[i].micro_batch == once.tower_plans[i].micro_batch);
  }
  if (!got.model.vision) return;
  CHECK(got.model.vision->style.frozen == once.model.vision->style.frozen);
  CHECK(got.model.text->style.frozen == once.model.text->style.frozen);
  CHECK(got.model.vision->style.patch_dropout == once.model.vision->style.patch_dropout);
}

struct Seen {
  int valid = 0;
  int invalid = 0;
};

/// Changes one to three settings a step, and holds each reading against one of its own.
Seen walk(const Walk& walk, unsigned seed) {
  Node document = parse_yaml(walk.document, "walk.yaml");
  ScenarioReader walking(document, ".", "walk.yaml");
  std::mt19937 random(seed);
  const auto below = [&](std::size_t end) { return random() % end; };
  Seen seen;
  for (int step = 0; step < 400; ++step) {
    std::string last;
    for (std::size_t i = 0; i <= below(3); ++i) {
      const auto& [path, values] = walk.settings[below(walk.settings.size())];
      const std::size_t wanted = below(12);  // mostly a value that is right, so that readings come far
      last = path + "=" + (wanted < values.size() ? values[wanted] : values.front());
      set_value(document, path, wanted < values.size() ? values[wanted] : values.front());
      walking.changed(path);
    }
    CAPTURE(seed, step, last);
    std::optional<Scenario> once;
    std::string rule;
    try {
      once = read_scenario(document, ".", "walk.yaml");
    } catch (const InputError& error) {
      rule = rule_of(error);
    }
    try {
      const Scenario& got = walking.read();
      REQUIRE(once);
      check_same(got, *once);
      ++seen.valid;
    } catch (const InputError& error) {
      REQUIRE_FALSE(once);
      CHECK(rule_of(error) == rule);
      ++seen.invalid;
    }
  }
  return seen;
}

}  // namespace

TEST_CASE("a document that changes reads as one that is read once", "[property]") {
  for (const Walk& one : {language_model, two_towers}) {
    Seen all;
    for (unsigned seed = 1; seed <= 4; ++seed) {
      const Seen seen = walk(one, seed);
      all.valid += seen.valid;
      all.invalid += seen.invalid;
    }
    CHECK(all.valid > 40);
    CHECK(all.invalid > 40);
  }
}

TEST_CASE("a rule that is broken does not depend on sections that the reading did not come to", "[property]") {
  Node document = parse_yaml(language_model.document, "walk.yaml");
  const auto broken = [&](ScenarioReader& reader) {
    try {
      static_cast<void>(reader.read());
    } catch (const InputError& error) {
      return rule_of(error);
    }
    return std::string();
  };
  set_value(document, "parallel.pipeline", "3");  // does not divide 4 layers
  set_value(document, "parallel.tensor", "2");
  set_value(document, "cluster.gpus", "24");
  set_value(document, "training.global_batch", "24");
  ScenarioReader reader(document, ".", "walk.yaml");
  const std::string rule = broken(reader);
  CHECK(rule.find("does not divide model.layers") != std::string::npos);
  for (const char* path : {"model.layers", "cluster.gpu", "training.micro_batch", "parallel.pipeline"}) {
    CAPTURE(path);
    CHECK(reader.came_to(path));
  }
  for (const char* path : {"stack", "stack_settings.fragmentation", "techniques.tp_overlap", "data.decode_per_node"}) {
    CAPTURE(path);
    CHECK_FALSE(reader.came_to(path));
    set_value(document, path, "nonsense");
    reader.changed(path);
    CHECK(broken(reader) == rule);
  }
}
