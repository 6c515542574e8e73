// SPDX-License-Identifier: Apache-2.0
#include "sim/towers.hpp"

#include "base/input_error.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

/// SigLIP's loss on two small towers.
const char* const small_siglip = R"(
model: ViT-B-16-SigLIP
cluster: {gpu: a100-sxm4-80gb, gpus: 8, gpus_per_node: 8, network: ib-8x200g}
training: {global_batch: 512, precision: bf16, optimizer: adamw}
stack: pytorch-ddp-2024
)";

Settings disjoint(const std::string& vision_gpus, Settings more = {}) {
  more.insert(more.begin(), {{"towers.placement", "disjoint"}, {"towers.vision.gpus", vision_gpus}});
  return more;
}

}  // namespace

TEST_CASE("a towers section that cannot be is refused with the rule and the values", "[unit]") {
  struct Case {
    Settings settings;
    std::string message;
  };
  const std::vector<Case> cases{
      {{{"towers.placement", "apart"}}, "expected one of colocated, two-streams, disjoint, two-grid, got 'apart'"},
      {{{"towers.placement", "disjoint"}}, "disjoint towers need vision: {gpus: ..}"},
      {disjoint("8"), "gpus: 8 of cluster.gpus (8) leave none for the text tower"},
      {disjoint("6", {{"towers.text.gpus", "3"}}), "vision and text (6 + 3) are more than cluster.gpus (8)"},
      {disjoint("5", {{"towers.vision.parallel.tensor", "2"}}), "5 GPUs are not whole tensor groups of 2"},
      {disjoint("6", {{"towers.vision.parallel.tensor", "3"}}),
       "towers.vision.parallel.tensor: 3 does not divide cluster.gpus_per_node (8)"},
      {disjoint("4", {{"towers.vision.micro_batch", "5"}}), "5 does not divide the batch of a data-parallel rank (32)"},
      {disjoint("6", {{"towers.vision.micro_batch", "13"}}),  // 22 samples are 11 + 11
       "13 does not divide the batch of a data-parallel rank (22, of which each pass takes as even a part"},
      {disjoint("4", {{"parallel.zero", "1"}, {"parallel.shard_group", "2"}}), "expected no parallel.shard_group, got 2"},
      {disjoint("4", {{"training.global_batch", "3"}, {"cluster.gpus", "8"}}),
       "4 data-parallel ranks for training.global_batch (3)"},
      {disjoint("4", {{"towers.loss", "global"}}), "global is modelled for towers on the same GPUs only"},
      {{{"towers.loss", "ring"}}, "ring needs the pairwise sigmoid loss"},
      {{{"towers.vision.gpus", "4"}}, "a plan of its own needs placement: disjoint or two-grid"},
      {{{"towers.placement", "two-grid"}, {"towers.text.gpus", "4"}}, "expected 8: what is left for this tower, got 4"},
      {disjoint("4", {{"variation.slow_ranks", "[{rank: 0, slowdown: 2}]"}}),
       "ranks that vary are modelled for colocated towers only"},
      {{{"parallel.zero", "3"}, {"towers.placement", "two-streams"}},
       "3 is modelled for colocated and disjoint towers, got two-streams"},
      {{{"parallel.zero", "3"}, {"training.micro_batch", "8"}},
       "3 with an accumulated contrastive loss is not modelled: expected 1 micro-batch, got 2"},
      {disjoint("4", {{"towers.vision.parallel.zero", "4"}}), "ZeRO has stages 0 to 3, got 4"},
      {disjoint("4", {{"towers.vision.parallel.zero", "3"}, {"towers.vision.micro_batch", "8"}}),
       "ZeRO-3 with an accumulated contrastive loss is not modelled: expected 32, got 8"},
      {{{"towers.placement", "two-grid"}, {"towers.vision.parallel.zero", "3"}},
       "3 is modelled for colocated and disjoint towers, got two-grid"},
      {{{"training.patch_dropout", "1"}}, "expected less than 1: no patch would be left, got 1"},
      {{{"towers.freeze", "both"}}, "expected one of none, vision, text, got 'both'"},
  };
  for (const Case& wrong : cases) {
    CAPTURE(wrong.message);
    CHECK_THAT(refusal_of(small_clip, wrong.settings), ContainsSubstring(wrong.message));
  }
  // a tower that says nothing of its own is refused at the section that it is missing from
  CHECK_THAT(refusal_of(std::string(small_clip) + "towers: {placement: two-grid}\n", {{"parallel.zero", "3"}}),
             StartsWith("test.yaml:7: towers.vision.parallel: zero: 3 is modelled for colocated and disjoint towers"));
  CHECK_THAT(
      refusal_of("model: coca_ViT-L-14\ncluster: {gpu: a100-sxm4-80gb, gpus: 8}\ntraining: {global_batch: 64}\n", disjoint("4")),
      ContainsSubstring("captioning decoder"));
}

TEST_CASE("model flops do not depend on where the towers run", "[property]") {
  const Run colocated = run(small_clip, {{"training.global_batch", "840"}});
  const int vision = GENERATE(1, 4, 5, 7);
  CAPTURE(vision);
  const Run apart = run(small_clip, disjoint(std::to_string(vision), {{"training.global_batch", "840"}}));
  CHECK_THAT(apart.result.model_flops.value(), WithinRel(colocated.result.model_flops.value(), 1e-12));
  // 840 samples divide among 1, 3, 4, 5, 7 ranks, so nothing is padded: the kernels do what the model says
  const double done = vision * kernel_flops(apart.step, 0) + (8 - vision) * kernel_flops(apart.step, 1);
  const double done_together = 8 * kernel_flops(colocated.step, 0);
  CHECK_THAT(done, WithinRel(done_together, 1e-3));  // the first layer's recomputed input gradients differ by nothing else
}

TEST_CASE("each rank of a group sends the embeddings' closed form, whatever the split", "[property]") {
  const int vision = GENERATE(1, 4, 7);
  CAPTURE(vision);
  const int text = 8 - vision;
  const Run apart = run(small_clip, disjoint(std::to_string(vision), {{"training.global_batch", "840"}}));
  const double all = 840.0 * 768 * 4;                      // B x p, fp32 under autocast
  const double across = 2 * all / std::min(vision, text);  // the own embeddings, and the gradients of the other's
  const auto in_group = [&](int ranks) { return 2 * all * (ranks - 1) / ranks; };  // all-gather and reduce-scatter
  CHECK_THAT(sent(apart.step, StepClass::EmbeddingExchange, 0).value(), WithinRel(across + in_group(vision), 1e-9));
  CHECK_THAT(sent(apart.step, StepClass::EmbeddingExchange, 1).value(), WithinRel(across + in_group(text), 1e-9));
}

TEST_CASE("each group reduces the gradients of its own tower only", "[property]") {
  const Run apart = run(small_clip, disjoint("6"));
  const double vision = 304293888.0 * 4 * 2 * 5 / 6;  // parameters x 4 B x ring all-reduce over 6
  const double text = 123650304.0 * 4 * 2 * 1 / 2;
  CHECK_THAT(sent(apart.step, StepClass::DataCommunication, 0).value(), WithinRel(vision, 1e-6));
  CHECK_THAT(sent(apart.step, StepClass::DataCommunication, 1).value(), WithinRel(text, 1e-6));
}

TEST_CASE("a rank of one tower holds the state of that tower alone", "[property]") {
  const Run apart = run(small_clip, disjoint("6"));
  REQUIRE(apart.result.memory.stages.size() == 2);
  const auto weights = [&](std::size_t stage) { return apart.result.memory.stages[stage].parts.front().second.value(); };
  CHECK_THAT(weights(0), WithinRel(304293888.0 * 4, 1e-9));
  CHECK_THAT(weights(1), WithinRel(123650304.0 * 4, 1e-9));
}

TEST_CASE("two grids that are alike are the colocated step", "[property]") {
  const Settings two_grid{{"towers.placement", "two-grid"}};
  const Run colocated = run(small_clip);
  const Run grids = run(small_clip, two_grid);
  // gradients of the towers fill their buckets apart, and the optimizer runs twice
  CHECK_THAT(grids.result.iteration_time.count(), WithinRel(colocated.result.iteration_time.count(), 5e-3));
  CHECK_THAT(grids.result.memory.peak.value(), WithinRel(colocated.result.memory.peak.value(), 1e-9));
  const Run cut =
      run(small_clip,
          {{"towers.placement", "two-grid"}, {"towers.vision.parallel.tensor", "2"}, {"towers.text.parallel.tensor", "1"}});
  CHECK(cut.result.towers[0].parallel->data == 4);
  CHECK(cut.result.towers[1].parallel->data == 8);
  CHECK_THAT(cut.result.model_flops.value(), WithinRel(colocated.result.model_flops.value(), 1e-12));
}

TEST_CASE("two queues do not hide one kernel behind another", "[property]") {
  const std::string gpus = GENERATE("1", "8", "64");
  CAPTURE(gpus);
  const Run two = run(small_clip, {{"cluster.gpus", gpus},
                                   {"training.global_batch", std::to_string(16 * std::stoi(gpus))},
                                   {"towers.placement", "two-streams"}});
  Picoseconds busy{};
  for (const Task& task : two.step.graph.tasks) {
    const Step& what = two.step.steps[task.label];
    if (holds_kernels(kind_of(task.stream)) && what.step_class != StepClass::Optimizer) busy += task.duration;
  }
  CHECK(two.timeline.makespan >= busy);
}

TEST_CASE("accumulated gradients cost a second forward pass of every trained tower and no further reduction", "[property]") {
  const Run whole = run(small_clip, {{"training.global_batch", "512"}});
  const Run parts = run(small_clip, {{"training.global_batch", "512"}, {"training.micro_batch", "16"}});
  CHECK(parts.scenario.parallel.micro_batches == 4);
  CHECK_THAT(parts.result.model_flops.value(), WithinRel(whole.result.model_flops.value(), 1e-12));
  const double towers = whole.result.towers[0].model_flops.value() + whole.result.towers[1].model_flops.value();
  CHECK_THAT(parts.result.hardware_flops.value(), WithinRel(whole.result.hardware_flops.value() + towers / 3, 1e-9));
  CHECK_THAT(sent(parts.step, StepClass::DataCommunication, 0).value(),
             WithinRel(sent(whole.step, StepClass::DataCommunication, 0).value(), 1e-9));
  CHECK_THAT(sent(parts.step, StepClass::EmbeddingExchange, 0).value(),
             WithinRel(sent(whole.step, StepClass::EmbeddingExchange, 0).value(), 1e-9));
  CHECK(parts.result.memory.peak < whole.result.memory.peak);
}

TEST_CASE("zero-2 reduces the gradients of every micro-batch", "[property]") {
  const std::string placement = GENERATE("colocated", "disjoint");
  CAPTURE(placement);
  Settings settings{{"training.global_batch", "512"}, {"training.micro_batch", "16"}, {"towers.placement", placement}};
  if (placement == "disjoint")
    settings.insert(settings.end(), {{"towers.vision.gpus", "4"}, {"towers.vision.micro_batch", "32"}});
  const auto reduced = [&](const std::string& zero) {
    Settings with = settings;
    with.emplace_back("parallel.zero", zero);
    const Run sharded = run(small_clip, with);
    Bytes total;
    for (const Task& task : sharded.step.graph.tasks) {
      const Step& what = sharded.step.steps[task.label];
      if (rank_of(task.stream) == 0 && what.name == "gradient reduction") total += what.bytes;
    }
    return total;
  };
  REQUIRE(reduced("1") > Bytes());
  CHECK_THAT(reduced("2") / reduced("1"), WithinRel(4.0, 1e-9));
}

TEST_CASE("a tower on GPUs of its own may shard its parameters alone", "[property]") {
  const Run plain = run(small_clip, disjoint("6"));
  const Run sharded = run(small_clip, disjoint("6", {{"towers.vision.parallel.zero", "3"}}));
  const auto reduced = [](const Run& of, int rank) { return sent(of.step, StepClass::DataCommunication, rank).value(); };
  // fp32 under autocast, 6 ranks: gradients are scattered once, weights gathered forward and, the blocks', again backward
  const double vision = 304293888.0 * 4 * 5 / 6;
  const double blocks = 24 * 12596224.0 * 4 * 5 / 6;  // 12 d^2 + 13 d, d = 1024
  CHECK_THAT(reduced(sharded, 0), WithinRel(2 * vision + blocks, 1e-6));
  CHECK(reduced(sharded, 1) == reduced(plain, 1));
  const auto part = [](const Run& of, std::size_t stage, const std::string& name) {
    const auto& parts = of.result.memory.stages[stage].parts;
    return std::find_if(parts.begin(), parts.end(), [&](const auto& at) { return at.first == name; })->second.value();
  };
  CHECK_THAT(part(sharded, 0, "weights"), WithinRel(part(plain, 0, "weights") / 6, 1e-9));
  CHECK(part(sharded, 1, "weights") == part(plain, 1, "weights"));
  CHECK_THAT(sharded.result.model_flops.value(), WithinRel(plain.result.model_flops.value(), 1e-12));
  CHECK(sharded.result.towers[0].compute_time > Seconds{});
}

TEST_CASE("a frozen tower has no backward pass wherever it runs", "[unit]") {
  const std::string placement = GENERATE("colocated", "disjoint", "two-grid", "two-streams");
  const std::string frozen = GENERATE("vision", "text");
  CAPTURE(placement, frozen);
  Settings settings{{"towers.placement", placement}, {"towers.freeze", frozen}};
  if (placement == "disjoint") settings.emplace_back("towers.vision.gpus", "6");
  const Run half = run(small_clip, settings);
  const std::uint32_t number = frozen == "vision" ? 0 : 1;
  for (const Task& task : half.step.graph.tasks) {
    const Step& what = half.step.steps[task.label];
    const bool layer_work = what.step_class == StepClass::Matmul || what.step_class == StepClass::Attention ||
                            what.step_class == StepClass::MemoryBound;
    if (layer_work && unpack(task.instance).chunk == number) CHECK_THAT(what.name, !ContainsSubstring("gradient"));
  }
}

TEST_CASE("dropped patches shorten the images of the training step", "[property]") {
  const Run all = run(small_clip);
  const Run half = run(small_clip, {{"training.patch_dropout", "0.5"}});
  // 576 patches and a class token become 288 and a class token; attention falls further
  const double ratio = half.result.towers[0].model_flops.value() / all.result.towers[0].model_flops.value();
  CHECK(ratio < 289.0 / 577 * 1.01);
  CHECK(ratio > 0.9 * 289.0 / 577);
  CHECK(half.result.towers[1].model_flops.value() == all.result.towers[1].model_flops.value());
}

TEST_CASE("each loss exchange sends its closed form", "[property]") {
  const double all = 512.0 * 768 * 4;
  const double gathered = 2 * all * 7 / 8;  // both towers
  const auto bytes = [&](const std::string& loss) {
    return sent(run(small_siglip, {{"towers.loss", loss}}).step, StepClass::EmbeddingExchange, 0).value();
  };
  CHECK_THAT(bytes("local"), WithinRel(2 * gathered, 1e-9));  // gather, and gradients back
  CHECK_THAT(bytes("global"), WithinRel(gathered, 1e-9));     // every rank has the whole loss
  CHECK_THAT(bytes("ring"), WithinRel(gathered, 1e-9));       // the texts' blocks go round, their gradients come back
  const auto flops = [&](const std::string& loss) { return kernel_flops(run(small_siglip, {{"towers.loss", loss}}).step, 0); };
  CHECK_THAT(flops("ring"), WithinRel(flops("local"), 1e-9));
  const double pairs = 512.0 * 512 * 768 * 2 * 3;
  CHECK_THAT(flops("global") - flops("local"), WithinRel(pairs * 7 / 8, 1e-6));
}
