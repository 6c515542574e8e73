// SPDX-License-Identifier: Apache-2.0
#include "sim/evaluate.hpp"

#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

void check_evaluation(const Scenario& scenario) {
  const Result result = run_scenario(scenario).result;
  const Evaluation evaluation = evaluate(scenario);
  CHECK(evaluation.iteration_time == result.iteration_time);
  CHECK(evaluation.model_flops == result.model_flops);
  CHECK(evaluation.mfu == result.mfu);
  CHECK(evaluation.peak_memory == result.memory.peak);
  CHECK(evaluation.reserved_memory == result.memory.reserved);
  CHECK(evaluation.allocated_memory == result.memory.allocated);
  CHECK(evaluation.memory_capacity == result.memory.capacity);
  CHECK(evaluation.fits() == result.memory.fits);
}

}  // namespace

TEST_CASE("an evaluation gives the very numbers of a run", "[property]") {
  for (int seed = 0; seed < 60; ++seed) {
    Draw draw(static_cast<std::uint64_t>(seed));
    const Settings plan = random_plan(draw);
    CAPTURE(seed, text_of(plan));
    check_evaluation(scenario_of(tiny_decoder, plan));
  }
}

TEST_CASE("an evaluation of a two-tower model gives the numbers of its run", "[property]") {
  check_evaluation(scenario_of(small_clip));
}

TEST_CASE("an evaluation of DeepSpeed's pipeline engine gives the numbers of its run", "[property]") {
  const int stages = GENERATE(2, 4);
  const int micro_batches = GENERATE(3, 24);
  CAPTURE(stages, micro_batches);
  const Settings plan{{"cluster.gpus", std::to_string(4 * stages)},
                      {"parallel.tensor", "2"},
                      {"parallel.pipeline", std::to_string(stages)},
                      {"parallel.zero", "1"},
                      {"training.global_batch", std::to_string(2 * micro_batches)},
                      {"stack", "deepspeed-pipeline-2022"}};
  check_evaluation(scenario_of(small_decoder, plan));
}

TEST_CASE("an evaluation of an order made to measure gives the numbers of its run, also with many micro-batches", "[property]") {
  const int limit = GENERATE(4, 6, 8);
  const int micro_batches = GENERATE(12, 40, 64);
  const std::string layers = GENERATE("[4, 4, 4, 4]", "[3, 6, 4, 3]");
  CAPTURE(limit, micro_batches, layers);
  check_evaluation(scenario_of(tiny_decoder, {{"cluster.gpus", "4"},
                                              {"parallel.pipeline", "4"},
                                              {"parallel.schedule", "zb-auto"},
                                              {"parallel.memory_limit", std::to_string(limit)},
                                              {"parallel.stages", layers},
                                              {"training.global_batch", std::to_string(micro_batches)}}));
}
