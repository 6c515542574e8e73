// SPDX-License-Identifier: Apache-2.0
#include "sim/update_traffic.hpp"

#include "sim/build_step.hpp"
#include "sim/data_parallel.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

Seconds step_time(const Scenario& scenario) {
  return run_scenario(scenario).result.iteration_time;
}

std::vector<Step> steps_named(const Run& run, const std::string& name) {
  std::vector<Step> steps;
  for (const Task& task : run.step.graph.tasks) {
    if (run.step.steps[task.label].name == name) steps.push_back(run.step.steps[task.label]);
  }
  return steps;
}

/// What the steps of each rank take, in their order.
std::vector<std::vector<Picoseconds>> update_of(const Scenario& scenario, const std::vector<RankUpdate>& ranks) {
  StepGraph graph(scenario.cluster, static_cast<int>(ranks.size()));
  add_update(scenario, graph, ranks);
  std::vector<std::vector<Picoseconds>> durations(ranks.size());
  for (const StepRecord::Item& item : graph.record().items) {
    if (item.rank != StepRecord::all_ranks)
      durations[static_cast<std::size_t>(item.rank)].push_back(graph.record().table[item.row].duration);
  }
  return durations;
}

}  // namespace

TEST_CASE("a rank's update takes what it takes alone, whatever other ranks hold", "[property]") {
  const Scenario scenario =
      scenario_of(small_decoder, {{"cluster.gpus", "8"}, {"parallel.zero", "1"}, {"stack", "internevo-2023"}});
  Scenario other = scenario;  // a tower whose state is not shared out
  other.parallel.zero = 0;
  const auto update = [](int rank, double parameters, double tensors, const Scenario* view = nullptr) {
    return RankUpdate{.rank = rank, .parameters = parameters, .tensors = tensors, .gradients = {}, .view = view};
  };
  const std::vector<RankUpdate> ranks{update(0, 1e8, 40), update(1, 2e8, 40), update(2, 1e8, 80), update(3, 1e8, 40, &other),
                                      update(4, 1e8, 40)};
  const auto together = update_of(scenario, ranks);
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    CAPTURE(rank);
    RankUpdate alone = ranks[rank];
    alone.rank = 0;
    REQUIRE(together[rank].size() > 2);
    CHECK(together[rank] == update_of(scenario, {alone}).front());
    if (rank > 0 && rank < 4) CHECK(together[rank] != together.front());
  }
  CHECK(together.back() == together.front());
}

TEST_CASE("a fused update moves each value once, unfused ones its arithmetic step by step", "[property]") {
  Scenario scenario = scenario_of(small_decoder);
  scenario.stack.gradients = GradientState::Fp32;
  const auto bytes = [&](OptimizerKernels kernels) {
    scenario.stack.optimizer_kernels = kernels;
    return update_bytes(scenario).value();
  };
  // master weight and two moments in fp32 read and written, fp32 gradient read, 16-bit weight written
  CHECK(bytes(OptimizerKernels::Fused) == 3 * (4 + 4) + 4 + 2);
  CHECK(bytes(OptimizerKernels::Foreach) > bytes(OptimizerKernels::Fused));
  CHECK(bytes(OptimizerKernels::Loop) > bytes(OptimizerKernels::Foreach));
  scenario = scenario_of(small_decoder, {{"stack_settings.weights", "autocast"}});  // fp32 weights: no 16-bit one is written
  CHECK(bytes(OptimizerKernels::Fused) == 3 * (4 + 4) + 4);
}

TEST_CASE("16-bit gradients that are copied flat for the update move on their way, wide ones do not", "[property]") {
  Scenario scenario =
      scenario_of(small_decoder, {{"cluster.gpus", "8"}, {"parallel.zero", "1"}, {"stack_settings.gradients", "precision"}});
  const double direct = update_bytes(scenario).value();
  scenario.stack.flat_update_gradients = true;
  const double check = (2 + 4) + 4, norm = 4 + 4, flat = 2 + 2, convert = 2 + 4, unscale = 4 + 4;
  CHECK(update_bytes(scenario).value() == direct + check + norm + flat + convert + unscale);
  scenario.training.state.gradients = DataType::Fp32;
  const double wide = update_bytes(scenario).value();
  scenario.stack.flat_update_gradients = false;
  CHECK(update_bytes(scenario).value() == wide);
}

TEST_CASE("gradients are copied into buckets where replicas reduce them, and checked where losses are scaled", "[property]") {
  Scenario one = scenario_of(small_clip, {{"cluster.gpus", "1"}, {"training.global_batch", "16"}, {"stack", "pytorch-ddp-2022"}});
  Scenario eight = scenario_of(small_clip, {{"stack", "pytorch-ddp-2022"}});
  CHECK((gradient_copy_bytes(eight) - gradient_copy_bytes(one)).value() == 4 * 4);
  Scenario scaled = eight;
  scaled.training.precision = DataType::Fp16;
  CHECK((gradient_copy_bytes(scaled) - gradient_copy_bytes(eight)).value() == 2 * 4);
  CHECK(host_waits_for_gradients(scaled));
  CHECK_FALSE(host_waits_for_gradients(eight));
  scaled.stack.gradient_copies = GradientCopies::None;
  eight.stack.gradient_copies = GradientCopies::None;
  CHECK(gradient_copy_bytes(eight) == Bytes());
}

TEST_CASE("an optimizer that loops over the tensors is launched once a tensor and step, a fused one never waits for the host",
          "[property]") {
  Scenario scenario = scenario_of(small_clip, {{"stack", "pytorch-ddp-2022"}});
  const double few = update_launches(scenario, 10);
  CHECK(update_launches(scenario, 20) == 2 * few);
  scenario.stack.optimizer_kernels = OptimizerKernels::Fused;
  CHECK(update_launches(scenario, 20) == 0);
}

TEST_CASE("more work in the update never shortens a step", "[property]") {
  Scenario scenario = scenario_of(small_clip, {{"stack", "pytorch-ddp-2022"}});
  const Seconds loop = step_time(scenario);
  scenario.stack.optimizer_kernels = OptimizerKernels::Foreach;
  const Seconds foreach_kernels = step_time(scenario);
  scenario.stack.optimizer_kernels = OptimizerKernels::Fused;
  const Seconds fused = step_time(scenario);
  scenario.stack.gradient_copies = GradientCopies::None;
  CHECK(loop >= foreach_kernels);
  CHECK(foreach_kernels >= fused);
  CHECK(fused >= step_time(scenario));
}

TEST_CASE("gradients are fp32 with bf16 alone where the software says so", "[property]") {
  const Settings stack{{"stack", "megatron-lm-2021"}};
  CHECK(gradient_value(scenario_of(small_decoder, stack)) == Bytes(4));
  CHECK(gradient_value(scenario_of(small_decoder, {stack.front(), {"training.precision", "fp16"}})) == Bytes(2));
}

TEST_CASE("a weight gradient that is summed apart costs a pass over itself and the sum, for each micro-batch", "[property]") {
  Scenario scenario = scenario_of(small_decoder);
  const Run fused = run_scenario(scenario);
  scenario.stack.weight_gradient_sum = WeightGradientSum::Separate;
  const Run separate = run_scenario(scenario);
  const auto before = steps_named(fused, "block.fc1 weight gradient");
  const auto after = steps_named(separate, "block.fc1 weight gradient");
  REQUIRE_FALSE(before.empty());
  REQUIRE(before.size() == after.size());
  const double weights = 1024.0 * 4096;
  CHECK((after.front().bytes - before.front().bytes).value() == weights * (2 + 2 * 4));
  CHECK(after.front().duration > before.front().duration);
}

TEST_CASE("what a sum over the micro-batches moves follows from who adds, and in which types", "[property]") {
  Scenario scenario = scenario_of(small_decoder);
  const double micro_batches = static_cast<double>(scenario.parallel.micro_batches);
  const auto moved = [&](WeightGradientSum sum) {
    scenario.stack.weight_gradient_sum = WeightGradientSum::Fused;
    const double product = steps_named(run_scenario(scenario), "block.fc1 weight gradient").front().bytes.value();
    scenario.stack.weight_gradient_sum = sum;
    return (steps_named(run_scenario(scenario), "block.fc1 weight gradient").front().bytes.value() - product) / (1024.0 * 4096);
  };
  CHECK(moved(WeightGradientSum::Converted) == (2 + 4) + (4 + 4 + 4));
  CHECK_THAT(moved(WeightGradientSum::AfterFirst), WithinRel(3 * 4 * (micro_batches - 1) / micro_batches, 1e-12));
  scenario.training.state.gradients = DataType::Bf16;
  CHECK(moved(WeightGradientSum::Converted) == 3 * 2);  // nothing to convert
}

TEST_CASE("who adds inside the product pays for it there, and the one micro-batch of autograd is not added at all",
          "[property]") {
  Scenario scenario = scenario_of(small_decoder, {{"training.global_batch", "1"}});
  REQUIRE(scenario.parallel.micro_batches == 1);
  const auto weight_gradient = [&](WeightGradientSum sum) {
    scenario.stack.weight_gradient_sum = sum;
    return steps_named(run_scenario(scenario), "block.fc1 weight gradient").front().duration;
  };
  const Picoseconds alone = weight_gradient(WeightGradientSum::AfterFirst);
  CHECK(weight_gradient(WeightGradientSum::Fused) > alone);
  CHECK(weight_gradient(WeightGradientSum::Fused) < weight_gradient(WeightGradientSum::Separate));
}

TEST_CASE("ZeRO-1 that sums whole gradients sends what no sharding does, and gathers weights on top", "[property]") {
  const Settings plan{{"cluster.gpus", "8"}, {"parallel.zero", "1"}};
  Scenario scenario = scenario_of(small_decoder, plan);
  const auto sent = [&](const char* name) {
    double bytes = 0;
    for (const Step& step : steps_named(run_scenario(scenario), name)) bytes += step.bytes.value();
    return bytes;
  };
  const double scattered = sent("gradient reduction");
  scenario.stack.sharded_reduction = ShardedReduction::WholeWithBf16;
  CHECK_THAT(sent("gradient reduction"), WithinRel(2 * scattered, 1e-9));
  CHECK(sent("weight gather") > 0);
  scenario.training.precision = DataType::Fp16;
  CHECK_THAT(sent("gradient reduction"), WithinRel(scattered, 1e-9));
}

TEST_CASE("weights that are gathered at the update are in the open, those under the next forward pass hidden", "[property]") {
  Scenario scenario =
      scenario_of(small_decoder, {{"cluster.gpus", "8"}, {"parallel.zero", "1"}, {"techniques.dp_overlap", "true"}});
  const Seconds hidden = step_time(scenario);
  scenario.stack.gathers_at_update = true;
  CHECK(step_time(scenario) > hidden);
}

TEST_CASE("two towers gather new weights once a step, under the forward pass or at the update", "[property]") {
  const std::string stack = GENERATE("deepspeed-eva-2023", "pytorch-ddp-2024");
  CAPTURE(stack);
  const Run one = run(small_clip, {{"stack", stack}, {"parallel.zero", "1"}});
  double bytes = 0;
  for (const Step& step : steps_named(one, "weight gather")) bytes += step.bytes.value();
  CHECK_THAT(bytes, WithinRel(7.0 / 8 * 427944193 * weight_value(one.scenario).value(), 1e-3));
}

TEST_CASE("a bucket closes with the tensor that fills it, and none is divided", "[property]") {
  Scenario scenario = scenario_of(small_clip, {{"stack", "pytorch-ddp-2022"}});
  const double bucket = scenario.stack.gradient_bucket.value();
  const Run one = run_scenario(scenario);
  const double largest = 49408.0 * 768 * 4;  // the token table
  std::size_t reductions = 0;
  double total = 0;
  for (const Step& step : steps_named(one, "gradient reduction")) {
    const double message = step.bytes.value() / (2 * 7.0 / 8);  // what an all-reduce of eight sends
    CHECK(message < bucket + largest);
    total += message;
    ++reductions;
  }
  CHECK_THAT(total, WithinRel(4 * 427944192.0, 1e-3));  // all parameters but the scale of the loss
  CHECK(static_cast<double>(reductions) > 0.3 * total / bucket);
  CHECK(static_cast<double>(reductions) <= total / bucket + 1);
}

TEST_CASE("sends that are hidden in the steady phase alone lie between all hidden and none", "[property]") {
  const Settings plan{{"cluster.gpus", "4"},
                      {"parallel.pipeline", "4"},
                      {"parallel.virtual_stages", "2"},
                      {"parallel.schedule", "interleaved-1f1b"},
                      {"techniques.pp_overlap", "true"},
                      {"stack", "megatron-core-2024"}};
  Scenario scenario = scenario_of(small_decoder, plan);
  const Seconds steady = step_time(scenario);
  scenario.stack.pipeline_overlap = PipelineOverlap::AllPhases;
  const Seconds all = step_time(scenario);
  scenario.techniques.pp_overlap = false;
  const Seconds none = step_time(scenario);
  CHECK(all <= steady);
  CHECK(steady <= none);
}
