// SPDX-License-Identifier: Apache-2.0
#include "report/plan_words.hpp"

#include "report/format.hpp"
#include "report/json.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

using namespace mfusim;

TEST_CASE("a plan names what it uses and nothing else", "[unit]") {
  Result::Plan plan;
  plan.data = 8;
  plan.recompute = "none";
  plan.micro_batch = 64;
  CHECK(plan_words(plan) == "data 8; 1 micro-batch of 64 samples; nothing recomputed");
  plan.data = 1;
  CHECK(plan_words(plan).starts_with("one GPU;"));
  plan = {};
  plan.tensor = 8;
  plan.sequence = true;
  plan.pipeline = 4;
  plan.virtual_stages = 6;
  plan.data = plan.shard_group = 2;
  plan.zero = 1;
  plan.schedule = "interleaved-1f1b";
  plan.recompute = "full";
  plan.micro_batches = 32;
  CHECK(plan_words(plan) ==
        "tensor 8 with sequence parallelism x pipeline 4 (interleaved-1f1b, 6 virtual stages a rank) x data 2 (ZeRO-1); 32 "
        "micro-batches of 1 sample; full recomputation");
  plan.shard_group = 1;
  plan.context = 2;
  plan.context_exchange = "ring";
  CHECK_THAT(plan_words(plan), ContainsSubstring("context 2 (ring) x data 2 (ZeRO-1 over 1)"));
  CHECK(grid_words(plan) == "tensor 8 x pipeline 4 x context 2 x data 2");
}

TEST_CASE("the answer repeats the memory limit of a schedule that was made to measure, and no other has one", "[unit]") {
  const auto plan_of = [](const Result& result) {
    std::stringstream text;
    write_json(text, result);
    return nlohmann::json::parse(text)["parallel"];
  };
  Result result;
  result.parallel.pipeline = 8;
  result.parallel.schedule = "1f1b";
  CHECK_FALSE(plan_of(result).contains("memory_limit"));
  CHECK_THAT(plan_words(result.parallel), ContainsSubstring("pipeline 8 (1f1b)"));
  result.parallel.schedule = "zb-auto";
  result.parallel.memory_limit = 16;
  CHECK(plan_of(result)["memory_limit"] == 16);
  CHECK_THAT(plan_words(result.parallel), ContainsSubstring("pipeline 8 (zb-auto, at most 16 micro-batches in a stage)"));
}

TEST_CASE("a job without stages has GPUs that are alike", "[unit]") {
  Result result;
  CHECK(show_stage(result, 0) == "each GPU");
  result.parallel.pipeline = 2;
  CHECK(show_stage(result, 1) == "pipeline stage 1");
}
