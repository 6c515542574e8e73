// SPDX-License-Identifier: Apache-2.0
#include "study/explain.hpp"

#include "base/document.hpp"
#include "study/predict.hpp"
#include "study/standard_ablation.hpp"
#include "tests/catch.hpp"

#include <algorithm>

using namespace mfusim;

namespace {

ScenarioDocument document(const std::string& plan) {
  const std::string text =
      "model: {kind: decoder, layers: 8, hidden_size: 1024, heads: 16, vocabulary: 32000}\n"
      "cluster: {gpu: a100-sxm4-80gb, gpus: 16, gpus_per_node: 8, network: ib-8x200g}\n"
      "training: {global_batch: 64, micro_batch: 1, sequence_length: 1024}\n"
      "stack: megatron-lm-2023-01\n" +
      plan;
  return {.root = parse_yaml(text, "test.yaml"), .folder = ".", .name = "test.yaml"};
}

const ScenarioDocument pipelined = document("parallel: {tensor: 2, sequence: true, pipeline: 2, zero: 1}\n");

const LeverOutcome& outcome(const Explanation& explanation, const std::string& name) {
  const auto found = std::find_if(explanation.levers.begin(), explanation.levers.end(),
                                  [&](const LeverOutcome& lever) { return lever.name == name; });
  REQUIRE(found != explanation.levers.end());
  return *found;
}

}  // namespace

TEST_CASE("a lever is worth what the scenario with that one key changed is worth", "[property]") {
  const Explanation explanation = explain(pipelined);
  const std::vector<std::pair<std::string, Settings>> same{
      {"pp_overlap on", {{"techniques.pp_overlap", "true"}}},        {"dp_overlap on", {{"techniques.dp_overlap", "true"}}},
      {"flash_attention 2", {{"techniques.flash_attention", "2"}}},  {"recompute full", {{"parallel.recompute", "full"}}},
      {"global batch x 2", {{"training.global_batch", "128"}}},      {"micro-batch x 2", {{"training.micro_batch", "2"}}},
      {"parallel_block on", {{"techniques.parallel_block", "true"}}}};
  for (const auto& [name, settings] : same) {
    CAPTURE(name);
    Node root = pipelined.root;
    for (const auto& [key, value] : settings) set_value(root, key, value);
    const Result alone = predict(read_scenario(root, ".", "test"));
    CHECK_THAT(outcome(explanation, name).gain_percent,
               WithinAbs(100 * (alone.samples_per_s / explanation.result.samples_per_s - 1), 1e-9));
  }
}

TEST_CASE("a tower that is a pipeline has transfers to overlap, whatever the parallel section says", "[property]") {
  const ScenarioDocument towers{.root = parse_yaml("model: ViT-B-32\n"
                                                   "cluster: {gpu: a100-sxm4-80gb, gpus: 8, gpus_per_node: 8}\n"
                                                   "training: {global_batch: 512}\n"
                                                   "stack: pytorch-ddp-2024\n"
                                                   "towers: {placement: disjoint, vision: {gpus: 4, micro_batch: 64, "
                                                   "parallel: {pipeline: 2}}}\n",
                                                   "test.yaml"),
                                .folder = ".",
                                .name = "test.yaml"};
  const Explanation explanation = explain(towers);
  Node root = towers.root;
  set_value(root, "techniques.pp_overlap", "true");
  const Result alone = predict(read_scenario(root, ".", "test"));
  CHECK_THAT(outcome(explanation, "pp_overlap on").gain_percent,
             WithinAbs(100 * (alone.samples_per_s / explanation.result.samples_per_s - 1), 1e-9));
  const Ablation ablation = standard_ablation(towers);
  CHECK(std::any_of(ablation.steps.begin(), ablation.steps.end(), [](const auto& step) { return step.name == "PP overlap"; }));
}

TEST_CASE("levers come by gain, and faster hardware never costs", "[property]") {
  for (const char* plan : {"parallel: {tensor: 2, sequence: true, pipeline: 2, zero: 1}\n", "parallel: {tensor: 8}\n",
                           "parallel: {pipeline: 8}\n", "parallel: {zero: 1}\n"}) {
    CAPTURE(plan);
    const Explanation explanation = explain(document(plan));
    CHECK(std::is_sorted(explanation.levers.begin(), explanation.levers.end(),
                         [](const auto& a, const auto& b) { return a.gain_percent > b.gain_percent; }));
    for (const LeverOutcome& lever : explanation.levers) {
      CAPTURE(lever.name);
      if (lever.kind == LeverKind::Hardware) CHECK(lever.gain_percent > -0.01);
    }
  }
}

TEST_CASE("the losses are the three largest parts that an ideal machine has not", "[property]") {
  const Explanation explanation = explain(pipelined);
  REQUIRE(explanation.losses.size() == 3);
  for (const auto& [name, time] : explanation.result.waterfall) {
    const auto told = std::find_if(explanation.losses.begin(), explanation.losses.end(),
                                   [&](const LostTime& loss) { return loss.name == name; });
    if (told == explanation.losses.end()) {
      CHECK((name == "ideal_at_peak" || time <= explanation.losses.back().time));
    } else {
      CHECK(told->time == time);
    }
  }
  for (const LostTime& loss : explanation.losses) {
    if (!loss.remedy) continue;
    CHECK(loss.remedy->saved <= loss.time);
    CHECK(outcome(explanation, loss.remedy->lever).gain_percent > 0);
  }
}

TEST_CASE("a lever that cannot be had is told with the reason, and the others are still pulled", "[unit]") {
  const Explanation explanation = explain(document("parallel: {tensor: 2, pipeline: 2}\n"));  // without sequence parallelism
  REQUIRE(explanation.impossible.size() == 1);
  CHECK(explanation.impossible[0].lever == "tp_overlap on");
  CHECK_THAT(explanation.impossible[0].reason, ContainsSubstring("sequence"));
  CHECK(outcome(explanation, "sequence parallelism on").peak < explanation.result.memory.peak);
  CHECK(explanation.levers.size() > 8);
}

TEST_CASE("two explanations of one scenario are the same", "[property]") {
  const Explanation first = explain(pipelined);
  const Explanation second = explain(pipelined);
  REQUIRE(first.levers.size() == second.levers.size());
  for (std::size_t i = 0; i < first.levers.size(); ++i) {
    CHECK(first.levers[i].name == second.levers[i].name);
    CHECK(first.levers[i].gain_percent == second.levers[i].gain_percent);
  }
}
