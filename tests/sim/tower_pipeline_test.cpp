// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"
#include "sim/step_flops.hpp"
#include "sim/towers.hpp"
#include "sim/unfold.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

/// Vision on 8 of 16 GPUs, text on the others; the vision tower as `stages` stages with so many micro-batches.
Settings apart(int stages, int micro_batches, const std::string& schedule, Settings more = {}) {
  const int samples = 16 * stages;  // of a vision replica: 128 x stages / 8
  more.insert(more.begin(), {{"cluster.gpus", "16"},
                             {"towers.placement", "disjoint"},
                             {"towers.vision.gpus", "8"},
                             {"towers.vision.micro_batch", std::to_string(samples / micro_batches)},
                             {"towers.vision.parallel.pipeline", std::to_string(stages)},
                             {"towers.vision.parallel.schedule", schedule}});
  return more;
}

std::string refusal(const Settings& settings) {
  return refusal_of(small_clip, settings);
}

struct PassTimes {
  Picoseconds forward{};
  Picoseconds backward{};
};

/// Leaves time to the blocks of the vision tower alone: its stages are then equal, and transfers, text and loss are free.
/// Gives the time of one micro-batch in one stage.
PassTimes keep_vision_blocks(BuiltStep& step, int stages, int micro_batches, int forward_passes) {
  PassTimes sum;
  for (Task& task : step.graph.tasks) {
    const Step& what = step.steps[task.label];
    const bool vision = rank_of(task.stream) < stages;
    const bool block = what.name.starts_with("block.") && holds_kernels(kind_of(task.stream));
    if (!vision || !block) {
      task.duration = Picoseconds{};
      continue;
    }
    const bool forward = what.name.ends_with("forward") || what.step_class == StepClass::Recompute;
    (forward ? sum.forward : sum.backward) += task.duration;
  }
  const int passes = stages * micro_batches;
  CHECK(sum.forward.count() % (passes * forward_passes) == 0);  // equal stages
  CHECK(sum.backward.count() % passes == 0);
  return {sum.forward / (passes * forward_passes), sum.backward / passes};
}

Bytes part(const Run& run, std::size_t stage, const std::string& name) {
  for (const auto& [part, bytes] : run.result.memory.stages[stage].parts) {
    if (part == name) return bytes;
  }
  return {};
}

}  // namespace

TEST_CASE("a pipeline of one stage is the step without a pipeline, to the picosecond", "[property]") {
  const std::string schedule = GENERATE("1f1b", "gpipe");
  const std::string zero = GENERATE("0", "1", "2");
  const std::string freeze = GENERATE("none", "vision");
  const Settings placement =
      GENERATE(Settings{{"training.micro_batch", "16"}}, Settings{{"training.micro_batch", "4"}},
               Settings{{"towers.placement", "disjoint"}, {"towers.vision.gpus", "4"}, {"towers.vision.micro_batch", "8"}});
  Settings settings{{"parallel.zero", zero}, {"parallel.schedule", schedule}, {"towers.freeze", freeze}};
  settings.insert(settings.end(), placement.begin(), placement.end());
  const Scenario scenario = scenario_of(small_clip, settings);
  CAPTURE(schedule, zero, freeze, placement.front().second);
  const Work<Count> work = micro_batch_work(scenario);
  const BuiltStep plain = build_contrastive_step(scenario, work).build();
  const BuiltStep pipeline = build_pipelined_contrastive_step(scenario, work).build();
  CHECK(simulate(pipeline.graph).makespan == simulate(plain.graph).makespan);
}

TEST_CASE("one tower of p equal stages and m micro-batches has the bubble (p - 1) / (m + p - 1) with gpipe", "[property]") {
  const int stages = GENERATE(2, 4, 8);
  const int micro_batches = GENERATE(1, 4, 16);
  CAPTURE(stages, micro_batches);
  Run apart_run = run(small_clip, apart(stages, micro_batches, "gpipe"));
  const PassTimes slot = keep_vision_blocks(apart_run.step, stages, micro_batches, 1);
  const Picoseconds busy = micro_batches * (slot.forward + slot.backward);
  const Picoseconds makespan = simulate(apart_run.step.graph).makespan;
  CHECK(makespan - busy == (stages - 1) * (slot.forward + slot.backward));
}

TEST_CASE("with cached features the second forward pass fills the bubble behind the loss", "[property]") {
  const int stages = GENERATE(2, 4);
  const int micro_batches = GENERATE(4, 16);
  CAPTURE(stages, micro_batches);
  Run apart_run = run(small_clip, apart(stages, micro_batches, "1f1b"));
  const PassTimes slot = keep_vision_blocks(apart_run.step, stages, micro_batches, 2);
  // all first passes; then the last stage goes on with second passes that the others sent while it still ran first ones
  const Picoseconds expected =
      (micro_batches + stages - 1) * slot.forward + micro_batches * (slot.forward + slot.backward) + (stages - 1) * slot.backward;
  CHECK(simulate(apart_run.step.graph).makespan == expected);
}

TEST_CASE("flops summed over the ranks of all stages are those of the towers unsplit", "[property]") {
  const Run whole = run(small_clip, {{"cluster.gpus", "16"}});
  const std::string schedule = GENERATE("gpipe", "1f1b", "interleaved-1f1b");
  CAPTURE(schedule);
  Settings settings = apart(4, 4, schedule);
  if (schedule == "interleaved-1f1b") settings.emplace_back("towers.vision.parallel.virtual_stages", "3");
  const Run pipeline = run(small_clip, settings);
  CHECK_THAT(pipeline.result.model_flops.value(), WithinRel(whole.result.model_flops.value(), 1e-12));
  double done = 8 * kernel_flops(pipeline.step, 4);  // text
  for (int stage = 0; stage < 4; ++stage) done += 2 * kernel_flops(pipeline.step, stage);
  CHECK_THAT(done, WithinRel(16 * kernel_flops(whole.step, 0), 1e-3));  // the first layers' input gradients differ
  // the second pass of cached features is a third of the vision tower's work
  const double again = schedule == "gpipe" ? 0 : pipeline.result.towers[0].model_flops.value() / 3;
  CHECK_THAT((pipeline.result.hardware_flops - pipeline.result.model_flops).value(), WithinAbs(again, 1e-9 * done));
}

TEST_CASE("neighbouring stages exchange tokens x width in each direction, once a micro-batch and pass", "[property]") {
  const Run gpipe = run(small_clip, apart(4, 4, "gpipe"));
  const double boundary = 64.0 * 577 * 1024 * 2;  // the samples of a replica, bf16
  for (int stage = 0; stage < 4; ++stage) {
    const int neighbours = stage == 0 || stage == 3 ? 1 : 2;
    CHECK_THAT(sent(gpipe.step, StepClass::PipelineCommunication, stage).value(), WithinRel(neighbours * boundary, 1e-9));
  }
  CHECK(sent(gpipe.step, StepClass::PipelineCommunication, 4) == Bytes());
  const Run cached = run(small_clip, apart(4, 4, "1f1b"));
  CHECK_THAT(sent(cached.step, StepClass::PipelineCommunication, 0).value(), WithinRel(2 * boundary, 1e-9));  // both passes
}

TEST_CASE("the ranks of one stage send a tower's embeddings: the fewer, the more each", "[property]") {
  const auto each_sends = [](int stages) {
    const Run one = run(small_clip, apart(stages, 4, "gpipe"));
    std::vector<Bytes> bytes;
    for (const Step& step : one.step.steps) {
      if (step.name == "embeddings to the other tower") bytes.push_back(step.bytes);
    }
    return bytes;
  };
  const std::vector<Bytes> alone = each_sends(1);  // eight ranks of each tower
  REQUIRE(alone.size() == 2);
  const double values = 128.0 * 768;  // the whole batch's embeddings
  CHECK((alone[0].value() == values * 2 / 8 || alone[0].value() == values * 4 / 8));
  for (const int stages : {2, 4}) {
    const std::vector<Bytes> fewer = each_sends(stages);
    REQUIRE(fewer.size() == 2);
    for (std::size_t tower = 0; tower < 2; ++tower)
      CHECK_THAT(fewer[tower].value(), WithinRel(stages * alone[tower].value(), 1e-12));
  }
}

TEST_CASE("stages share the state of a tower; activations follow from the schedule", "[property]") {
  const Run whole = run(small_clip, apart(1, 1, "gpipe"));
  const Run gpipe = run(small_clip, apart(4, 16, "gpipe"));
  const Run cached = run(small_clip, apart(4, 16, "1f1b"));
  for (const char* state : {"weights", "gradients", "optimizer"}) {
    CAPTURE(state);
    Bytes sum;
    for (std::size_t stage = 0; stage < 4; ++stage) sum += part(gpipe, stage, state);
    CHECK_THAT(sum.value(), WithinRel(part(whole, 0, state).value(), 1e-9));
  }
  for (std::size_t stage = 0; stage < 4; ++stage) {
    CAPTURE(stage);
    const double all = part(gpipe, stage, "activations").value();
    CHECK_THAT(part(cached, stage, "activations").value(), WithinRel(all * static_cast<double>(4 - stage) / 16, 1e-9));
    CHECK((part(gpipe, stage, "loss") > Bytes()) == (stage == 3));
  }
}

TEST_CASE("both towers as one pipeline: a stage holds a part of each", "[property]") {
  const Settings four{{"parallel.pipeline", "4"}, {"training.micro_batch", "8"}, {"parallel.schedule", "gpipe"}};
  const Run whole = run(small_clip);
  const Run pipeline = run(small_clip, four);
  REQUIRE(pipeline.result.memory.stages.size() == 4);
  Bytes weights;
  double done = 0;
  for (std::size_t stage = 0; stage < 4; ++stage) {
    weights += part(pipeline, stage, "weights");
    done += 2 * kernel_flops(pipeline.step, static_cast<int>(stage));
  }
  CHECK_THAT(weights.value(), WithinRel(part(whole, 0, "weights").value(), 1e-9));
  CHECK_THAT(done, WithinRel(8 * kernel_flops(whole.step, 0), 1e-3));
  CHECK_THAT(pipeline.result.model_flops.value(), WithinRel(whole.result.model_flops.value(), 1e-12));
  for (const Result::TowerShare& tower : pipeline.result.towers) CHECK(tower.compute_time > Seconds{});
}

TEST_CASE("ranks of a tower's pipeline unfold to the same time", "[property]") {
  const std::string schedule = GENERATE("gpipe", "1f1b");
  CAPTURE(schedule);
  const Run folded = run(small_clip, apart(2, 4, schedule, {{"towers.vision.parallel.tensor", "2"}, {"parallel.zero", "1"}}));
  CHECK(simulate(unfold(folded.step, folded.scenario).graph).makespan == folded.timeline.makespan);
}

TEST_CASE("no disjoint plan is faster than the work over all GPUs at their peak", "[property]") {
  const int stages = GENERATE(1, 2, 4);
  CAPTURE(stages);
  const Run plan = run(small_clip, apart(stages, 4, "gpipe"));
  const FlopsPerSecond peak = peak_of(plan.scenario.cluster.gpu, DataType::Bf16);
  CHECK(plan.result.iteration_time >= (plan.result.towers[0].model_flops + plan.result.towers[1].model_flops) / peak / 16);
  CHECK(*plan.result.towers[0].idle < plan.result.iteration_time);
}

TEST_CASE("a tower's pipeline that cannot be is refused with the rule and the values", "[unit]") {
  const auto refused = [](const Settings& settings, const std::string& message) {
    CAPTURE(message);
    CHECK_THAT(refusal(settings), ContainsSubstring(message));
  };
  refused(apart(2, 4, "zb-h1"), "a tower runs gpipe, 1f1b or interleaved-1f1b");
  refused({{"parallel.schedule", "zb-h2"}}, "a tower runs gpipe, 1f1b or interleaved-1f1b");
  refused(apart(2, 4, "interleaved-1f1b"), "interleaved-1f1b needs at least 2 virtual stages, got 1");
  refused(apart(8, 8, "interleaved-1f1b", {{"towers.vision.parallel.virtual_stages", "2"}}),
          "pipeline x virtual_stages (8 x 2) does not divide model.vision.layers (24)");
  refused(apart(3, 4, "gpipe"), "8 GPUs are not whole pipelines of 1 x 3 (tensor x pipeline)");
  refused(apart(2, 4, "gpipe", {{"towers.vision.parallel.zero", "2"}}), "ZeRO-2 with pipeline 2 is not modelled");
  refused({{"parallel.pipeline", "8"}}, "pipeline x virtual_stages (8 x 1) does not divide model.text.layers (12)");
  refused({{"parallel.pipeline", "2"}, {"towers.placement", "two-streams"}}, "modelled for colocated and disjoint towers");
  refused({{"parallel.pipeline", "2"}, {"towers.placement", "two-grid"}}, "two-grid towers have no pipelines");
}
