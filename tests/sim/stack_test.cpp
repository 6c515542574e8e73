// SPDX-License-Identifier: Apache-2.0
#include "sim/stack.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

using namespace mfusim;
using mfusim::tests::scenario_of;
using mfusim::tests::small_decoder;

TEST_CASE("every setting of a stack can be overridden, and the result says so", "[unit]") {
  const Stack stack = scenario_of(small_decoder).stack;
  const auto changed = [](const std::string& key, const std::string& value) {
    const Stack other = scenario_of(small_decoder, {{"stack_settings." + key, value}}).stack;
    CHECK_THAT(other.name, ContainsSubstring("megatron-lm-2023-01 with " + key + ": " + value));
    return other;
  };
  CHECK(changed("weights", "autocast").weights != stack.weights);
  CHECK(changed("gradients", "precision").gradients != stack.gradients);
  CHECK(changed("launch", "eager").launch != stack.launch);
  CHECK(changed("async_tensor_backward", "false").async_tensor_backward != stack.async_tensor_backward);
  CHECK(changed("gradient_bucket", "1 MB").gradient_bucket == Bytes(1e6));
  CHECK(changed("point_to_point_host_cost", "1 ms").point_to_point_host_cost == Seconds(1e-3));
  CHECK(changed("tp_overlap_chunks", "3").tp_overlap_chunks == 3);
  CHECK(changed("step_host_cost", "2 s").step_host_cost == Seconds(2));
  CHECK(changed("framework_memory", "7 GB").framework_memory == Bytes(7e9));
  CHECK(changed("weight_gradient_sum", "converted").weight_gradient_sum == WeightGradientSum::Converted);
  CHECK(changed("pipeline_exchange", "in-turn").pipeline_exchange == PipelineExchange::InTurn);
  CHECK(changed("sharded_reduction", "whole").sharded_reduction == ShardedReduction::Whole);
  CHECK(changed("gathers_at_update", "true").gathers_at_update);
  CHECK(changed("selective_recompute", "every-second-product").selective_recompute == SelectiveRecompute::EverySecondProduct);
  CHECK(scenario_of(small_decoder, {{"stack_settings", "{}"}}).stack == stack);
}

TEST_CASE("a setting that no stack has, or a value that it cannot have, is refused", "[unit]") {
  const auto outcome = [](const std::string& key, const std::string& value) {
    return scenario_of(small_decoder, {{"stack_settings." + key, value}});
  };
  CHECK_THROWS_WITH(outcome("gradient_buckets", "1 MB"), ContainsSubstring("unknown key"));
  CHECK_THROWS_WITH(outcome("gradient_bucket", "1"), ContainsSubstring("stack_settings.gradient_bucket"));
  CHECK_THROWS_WITH(outcome("launch", "lazy"), ContainsSubstring("expected one of eager, graph"));
  CHECK_THROWS_WITH(outcome("tp_overlap_chunks", "0"), ContainsSubstring("tp_overlap_chunks"));
  CHECK_THROWS_WITH(outcome("techniques", "{}"), ContainsSubstring("unknown key"));
}

TEST_CASE("a stack that does not cut collectives refuses tensor overlap by name", "[unit]") {
  const Settings overlap{
      {"cluster.gpus", "2"}, {"parallel.tensor", "2"}, {"parallel.sequence", "true"}, {"techniques.tp_overlap", "true"}};
  CHECK_THROWS_WITH(scenario_of(small_decoder, overlap),
                    ContainsSubstring("techniques.tp_overlap: megatron-lm-2023-01 does not cut collectives"));
  Settings with_pieces = overlap;
  with_pieces.emplace_back("stack_settings.tp_overlap_chunks", "4");
  CHECK(scenario_of(small_decoder, with_pieces).stack.tp_overlap_chunks == 4);
}

TEST_CASE("without sequence parallelism a stack's tensor overlap is off and said to be, one that is asked for is refused",
          "[unit]") {
  const Settings plan{{"cluster.gpus", "2"}, {"parallel.tensor", "2"}, {"stack", "megatron-core-2024"}};
  const Scenario without = scenario_of(small_decoder, plan);
  CHECK(without.stack.techniques.tp_overlap);
  CHECK_FALSE(without.techniques.tp_overlap);
  REQUIRE(without.warnings.size() == 1);
  CHECK_THAT(without.warnings[0], ContainsSubstring("parallel.sequence: true has both"));

  Settings with_sequence = plan;
  with_sequence.emplace_back("parallel.sequence", "true");
  CHECK(scenario_of(small_decoder, with_sequence).techniques.tp_overlap);
  CHECK(scenario_of(small_decoder, with_sequence).warnings.empty());
  CHECK(scenario_of(small_decoder, {{"stack", "megatron-core-2024"}}).warnings.empty());  // nothing is split

  Settings asked = plan;
  asked.emplace_back("techniques.tp_overlap", "true");
  CHECK_THROWS_WITH(scenario_of(small_decoder, asked),
                    ContainsSubstring("techniques.tp_overlap: is modelled with sequence parallelism only"));
  CHECK_THAT(tests::refusal_of(tests::small_clip,
                               {{"stack", "megatron-core-2024"},
                                {"towers", "{placement: disjoint, vision: {gpus: 4, parallel: {tensor: 2}}, text: {gpus: 4}}"},
                                {"techniques.tp_overlap", "true"}}),
             ContainsSubstring("techniques.tp_overlap: is not modelled for two-tower models"));
  CHECK_THAT(tests::refusal_of(tests::small_clip, {{"parallel.rank_order", "tp-cp-pp-dp"}}),
             ContainsSubstring("parallel.rank_order"));
  asked.back().second = "false";
  CHECK(scenario_of(small_decoder, asked).warnings.empty());
}

TEST_CASE("Megatron-Core's sends overlap with virtual stages, under plain 1F1B where a scenario asks for it", "[unit]") {
  const auto overlaps = [](Settings more) {
    more.insert(more.end(), {{"cluster.gpus", "4"}, {"parallel.pipeline", "4"}});
    return scenario_of(small_decoder, more).techniques.pp_overlap;
  };
  const std::string stack = GENERATE("megatron-core-0.8", "megatron-core-2024", "nemo-2024");
  CHECK_FALSE(overlaps({{"stack", stack}}));
  CHECK(overlaps({{"stack", stack}, {"parallel.virtual_stages", "2"}}));
  CHECK(overlaps({{"stack", stack}, {"techniques.pp_overlap", "true"}}));
  CHECK(overlaps({{"stack", "megascale"}}));  // decouples sends in every phase
}

TEST_CASE("exchanges in turn are refused with another schedule than 1F1B, and where sends overlap", "[unit]") {
  const Settings pipeline{{"cluster.gpus", "4"}, {"parallel.pipeline", "4"}, {"stack_settings.pipeline_exchange", "in-turn"}};
  CHECK_NOTHROW(scenario_of(small_decoder, pipeline));
  Settings zero_bubble = pipeline;
  zero_bubble.emplace_back("parallel.schedule", "zb-h1");
  CHECK_THROWS_WITH(scenario_of(small_decoder, zero_bubble), ContainsSubstring("parallel.schedule: exchanges in turn"));
  Settings overlapped = pipeline;
  overlapped.emplace_back("techniques.pp_overlap", "true");
  CHECK_THROWS_WITH(scenario_of(small_decoder, overlapped), ContainsSubstring("techniques.pp_overlap: megatron-lm-2023-01 with"));
}

TEST_CASE("every stack states its sources and can be loaded", "[unit]") {
  for (const std::string& name : stack_names()) {
    CAPTURE(name);
    CHECK(load_stack(name).name == name);
  }
}

TEST_CASE("Transformer Engine takes cuDNN's attention from Hopper on, FlashAttention-2 before, and a stated kernel stands",
          "[unit]") {
  const auto kernel = [](const std::string& gpu, const Settings& more) {
    Settings settings{{"cluster.gpu", gpu}, {"stack", "megatron-core-2024"}};
    settings.insert(settings.end(), more.begin(), more.end());
    return scenario_of(small_decoder, settings).techniques.attention;
  };
  CHECK(kernel("a100-sxm4-80gb", {}) == AttentionKernel::Flash2);
  CHECK(kernel("h100-sxm5-80gb", {}) == AttentionKernel::Flash3);
  CHECK(kernel("h800-sxm5-80gb", {}) == AttentionKernel::Flash3);
  CHECK(kernel("h100-sxm5-80gb", {{"techniques.flash_attention", "2"}}) == AttentionKernel::Flash2);
  CHECK(kernel("h100-sxm5-80gb", {{"techniques.flash_attention", "false"}}) == AttentionKernel::Unfused);
  CHECK(kernel("h100-sxm5-80gb", {{"stack", "megascale"}, {"techniques.flash_attention", "transformer-engine"}}) ==
        AttentionKernel::Flash3);
  CHECK(tests::refusal_of(small_decoder, {{"techniques.flash_attention", "4"}}).find("3, transformer-engine, got '4'") !=
        std::string::npos);
}
