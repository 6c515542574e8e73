// SPDX-License-Identifier: Apache-2.0
#include "study/evaluate_configuration.hpp"

#include "sim/build_step.hpp"
#include "sim/evaluate.hpp"
#include "sim/memory.hpp"
#include "study/configuration.hpp"
#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

#include <utility>

using namespace mfusim;
using tests::sweep_space;

TEST_CASE("an invalid configuration breaks the rule that it breaks alone, whatever stood before it", "[property]") {
  // axes behind the rule, in front of it, and without effect
  const SweepSpace space = sweep_space(R"(sweep:
  axes:
    techniques.dp_overlap: [true, false]
    parallel.tensor: [1, 2, 3]
    parallel.pipeline: [1, 2, 3]
    training.micro_batch: [1, 3, 16]
    parallel.zero: [0, 1, 4]
    techniques.pp_overlap: [false, true]
    techniques.flash_attention: [2, 1]
)");
  ConfigurationReader walking(space);
  for (std::int64_t index = 0; index < space.size; ++index) {
    CAPTURE(index);
    ConfigurationReader alone(space);
    REQUIRE(walking.move_to(index));
    REQUIRE(alone.move_to(index));
    const auto expected = alone.read();
    const auto got = walking.read();
    REQUIRE(got.index() == expected.index());
    if (const auto* rule = std::get_if<std::string>(&expected)) CHECK(std::get<std::string>(got) == *rule);
  }
}

TEST_CASE("a sweep shares memory between configurations that need the same, with every stack", "[property]") {
  std::string stacks;
  for (const std::string& name : stack_names()) stacks += (stacks.empty() ? "" : ", ") + name;
  const SweepSpace space = sweep_space(R"(sweep:
  axes:
    stack: [)" + stacks + R"(]
    model.vocabulary: [64]  # so that layers, not the loss, are the fullest moment
    training: [{global_batch: 64, micro_batch: 4, sequence_length: 512}]
    parallel: [{tensor: 2, sequence: true, recompute: full}, {tensor: 2, sequence: true, pipeline: 2, zero: 1}, {pipeline: 2, virtual_stages: 2}, {zero: 3}]
    techniques.pp_overlap: [false, true]
    techniques.dp_overlap: [false, true]
    techniques.tp_overlap: [false, true]
)");
  ConfigurationEvaluator evaluator(space);
  std::optional<SweepRow> before;
  int compared = 0, differ = 0;
  for (std::int64_t index = 0; index < space.size; ++index) {
    CAPTURE(index);
    REQUIRE(evaluator.move_to(index));
    const SweepRow row = evaluator.evaluate([](const SweepRow&) { return false; });  // none is simulated where a bound is known
    const std::optional<SweepRow> without =
        std::exchange(before, row.status == RowStatus::Invalid ? std::nullopt : std::optional(row));
    if (!before) continue;
    const Scenario scenario = read_scenario(configuration_document(space, index), ".", "space.yaml");
    Bytes alone;
    for (const StageMemory& stage : memory_of(scenario, micro_batch_work(scenario))) alone = std::max(alone, stage.total());
    CHECK(row.peak == alone);
    ++compared;
    if (index % 2 == 1 && without && without->peak != row.peak) ++differ;
  }
  CHECK(compared > 100);
  CHECK(differ > 0);  // overlap under tensor parallelism is no matter of time alone
}

namespace {

/// Walks a space; calls `check(row, scenario)` for each configuration that fits, with the scenario that is it alone.
template <class Check>
int for_each_fitting(const SweepSpace& space, Check check) {
  ConfigurationEvaluator evaluator(space);
  int compared = 0;
  for (std::int64_t index = 0; index < space.size; ++index) {
    CAPTURE(index);
    REQUIRE(evaluator.move_to(index));
    const SweepRow row = evaluator.evaluate({});
    if (row.status != RowStatus::Fits) continue;
    check(row, read_scenario(configuration_document(space, index), ".", "space.yaml"));
    ++compared;
  }
  return compared;
}

}  // namespace

TEST_CASE("a walk through GPUs and plans of two towers finds what each configuration has alone", "[property]") {
  // at one micro-batch: more GPUs leave a rank fewer samples in the loss
  const SweepSpace space = sweep_space(R"(sweep:
  axes:
    model: [ViT-B-32]
    training: [{global_batch: 1024, micro_batch: 32, precision: bf16}]
    stack: [pytorch-ddp-2024]
    cluster.network: [ib-8x200g]
    cluster.gpus: [8, 16, 32]
    towers.loss: [local, global]
    parallel.zero: [0, 1]
)");
  const int compared = for_each_fitting(space, [](const SweepRow& row, const Scenario& scenario) {
    const Work<Count> work = micro_batch_work(scenario);
    Bytes alone;
    for (const StageMemory& stage : memory_of(scenario, work)) alone = std::max(alone, stage.total());
    CHECK(row.peak == alone);
    CHECK(row.iteration_time == step_time(scenario, work));
  });
  CHECK(compared == 12);
}

TEST_CASE("a walk through a space finds the step time that each configuration has alone", "[property]") {
  const SweepSpace space = sweep_space(R"(sweep:
  axes:
    stack: [megascale, pytorch-ddp-2024]
    cluster.network: [ib-8x200g]
    cluster.gpus: [4, 16]  # one node of four, two nodes of eight
    techniques.flash_attention: [2, false]
    parallel.sequence: [auto]
    parallel.tensor: [1, 2]
    parallel.pipeline: [1, 2, 4]
    parallel.schedule: [1f1b, zb-auto]
    parallel.zero: [1, 3]
    parallel.recompute: [none, selective, full]
)");
  const int compared = for_each_fitting(space, [](const SweepRow& row, const Scenario& scenario) {
    CHECK(row.iteration_time == step_time(scenario, micro_batch_work(scenario)));
  });
  CHECK(compared > 50);
}
