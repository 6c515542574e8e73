// SPDX-License-Identifier: Apache-2.0
#include "report/plan_words.hpp"

#include "report/format.hpp"
#include "tests/catch.hpp"

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

TEST_CASE("a job without stages has GPUs that are alike", "[unit]") {
  Result result;
  CHECK(show_stage(result, 0) == "each GPU");
  result.parallel.pipeline = 2;
  CHECK(show_stage(result, 1) == "pipeline stage 1");
}
