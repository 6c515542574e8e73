// SPDX-License-Identifier: Apache-2.0
#include "sim/activation_memory.hpp"

#include "sim/build_step.hpp"
#include "sim/memory.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"
#include "tests/sim/stage_memory.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

// The transformer of Korthikanti et al.: dropout, GELU, unfused attention. Sizes as their table of symbols.
constexpr double s = 1024, b = 2, h = 1024, a = 16, L = 16, V = 32000;
constexpr double sbh = s * b * h;

Scenario korthikanti(const Settings& more) {
  Settings settings{{"model.dropout", "0.1"},
                    {"training.micro_batch", "2"},
                    {"training.global_batch", "64"},
                    {"techniques.flash_attention", "false"},
                    {"cluster.gpus", "8"}};
  settings.insert(settings.end(), more.begin(), more.end());
  return scenario_of(small_decoder, settings);
}

/// Of a chunk of so many blocks.
ChunkActivations of_blocks(std::int64_t layers, const Settings& settings) {
  const Scenario scenario = korthikanti(settings);
  const Work<Count> work = micro_batch_work(scenario);
  for (const LayerGroup<Count>& group : work.towers.front().groups) {
    if (group.layer.name == "block") return chunk_activations(scenario, {{{&group.layer, layers, true}}});
  }
  throw std::logic_error("the decoder has blocks");
}

/// Bytes that the blocks of one micro-batch keep, over all layers of an unsplit pipeline, per layer.
double layer_bytes(const Settings& settings) {
  return of_blocks(1, settings).kept.value();
}

std::vector<StageMemory> stages_of(const Settings& settings) {
  return memory_by_stage(korthikanti(settings));
}

/// The same model with its blocks alone, so that all stages are equal.
std::vector<StageMemory> equal_stages_of(const Settings& settings) {
  const Scenario scenario = korthikanti(settings);
  Work<Count> work = micro_batch_work(scenario);
  std::erase_if(work.towers.front().groups, [](const LayerGroup<Count>& group) { return group.layer.name != "block"; });
  return memory_of(scenario, work);
}

}  // namespace

TEST_CASE("published: activations of a layer, Korthikanti et al. 2022, arXiv:2205.05198, equations 1, 2 and 4", "[published]") {
  CHECK_THAT(layer_bytes({}), WithinRel(sbh * (34 + 5 * a * s / h), 1e-12));  // (1)
  for (const double t : {2.0, 8.0}) {
    CAPTURE(t);
    const Settings tensor{{"parallel.tensor", std::to_string(static_cast<int>(t))}};
    CHECK_THAT(layer_bytes(tensor), WithinRel(sbh * (10 + 24 / t + 5 * a * s / (h * t)), 1e-12));  // (2)
    Settings sequence = tensor;
    sequence.push_back({"parallel.sequence", "true"});
    CHECK_THAT(layer_bytes(sequence), WithinRel(sbh / t * (34 + 5 * a * s / h), 1e-12));  // (4)
    sequence.push_back({"parallel.recompute", "selective"});
    CHECK_THAT(layer_bytes(sequence), WithinRel(sbh / t * 34, 1e-12));  // (6), per layer
    sequence.back() = {"parallel.recompute", "full"};
    CHECK_THAT(layer_bytes(sequence), WithinRel(sbh / t * 2, 1e-12));  // section 5: the input alone
  }
}

TEST_CASE("published: the first stage of 1F1B keeps all L layers' activations whatever the pipeline, equations 5 and 6",
          "[published]") {
  const int p = GENERATE(2, 4);
  CAPTURE(p);
  const Settings plan{{"parallel.tensor", "2"}, {"parallel.sequence", "true"}, {"parallel.pipeline", std::to_string(p)}};
  CHECK_THAT(part(equal_stages_of(plan).front(), "activations").value(), WithinRel(sbh * L / 2 * (34 + 5 * a * s / h), 1e-12));
  Settings selective = plan;
  selective.push_back({"parallel.recompute", "selective"});
  CHECK_THAT(part(equal_stages_of(selective).front(), "activations").value(), WithinRel(34 * sbh * L / 2, 1e-12));
  Settings interleaved = plan;  // section 4.2.3: L (1 + (p - 1)/(p m)) layers, m chunks a stage
  interleaved.push_back({"parallel.schedule", "interleaved-1f1b"});
  interleaved.push_back({"parallel.virtual_stages", "2"});
  const double more = 1 + (p - 1.0) / (p * 2);
  CHECK_THAT(part(equal_stages_of(interleaved).front(), "activations").value(),
             WithinRel(more * sbh * L / 2 * (34 + 5 * a * s / h), 1e-12));
}

TEST_CASE("published: embedding and output of section 4.3 of Korthikanti et al.", "[published]") {
  // First stage: the dropout mask of the embedding, sbh a micro-batch in flight, p of them; last stage: final norm 2sbh, output
  // layer 2sbh, fp32 scores 4sbv, of one micro-batch.
  const std::vector<StageMemory> stages = stages_of({{"parallel.pipeline", "4"}});
  const std::vector<StageMemory> blocks = equal_stages_of({{"parallel.pipeline", "4"}});
  CHECK_THAT((part(stages.front(), "activations") - part(blocks.front(), "activations")).value(), WithinRel(4 * sbh, 1e-12));
  CHECK_THAT((part(stages.back(), "activations") - part(blocks.back(), "activations")).value(), WithinRel(4 * sbh, 1e-12));
  CHECK_THAT(part(stages.back(), "loss").value(), WithinRel(4 * s * b * V, 1e-12));
  CHECK(part(stages.front(), "loss").value() == 0);
}

TEST_CASE("published: what weight gradients need, Qi et al. 2024, arXiv:2401.10241, table 1", "[published]") {
  const Scenario scenario = korthikanti({{"parallel.pipeline", "4"}, {"parallel.schedule", "zb-h1"}});
  const Work<Count> work = micro_batch_work(scenario);
  for (const LayerGroup<Count>& group : work.towers.front().groups) {
    if (group.layer.name != "block") continue;
    const ChunkActivations one = chunk_activations(scenario, {{{&group.layer, 1, true}}});
    CHECK_THAT(one.kept.value(), WithinRel(s * b * (34 * h + 5 * a * s), 1e-12));  // M_B
    CHECK_THAT(one.for_weights.value(), WithinRel(32 * sbh, 1e-12));               // M_W
  }
}

TEST_CASE("published: activations of ZB-H1 and ZB-H2 on each stage, Qi et al. 2024, section 2", "[published]") {
  // Stage i of p, from 1: (p - i + 1) M_B + (i - 1) M_W, and (2p - 2i + 1) M_B + (2i - 2) M_W. Table 2: p M_B and (2p - 1) M_B.
  const int p = 4;
  const double layers = L / p;
  const double backward = layers * s * b * (34 * h + 5 * a * s);
  const double weight = layers * 32 * sbh;
  for (const auto& [schedule, depth] : {std::pair{"zb-h1", 1}, std::pair{"zb-h2", 2}}) {
    const std::vector<StageMemory> stages =
        equal_stages_of({{"parallel.pipeline", std::to_string(p)}, {"parallel.schedule", schedule}});
    for (int i = 1; i <= p; ++i) {
      CAPTURE(schedule, i);
      const double whole = depth * (p - i) + 1;
      const double halves = depth * (i - 1);
      CHECK_THAT(part(stages[static_cast<std::size_t>(i - 1)], "activations").value(),
                 WithinRel(whole * backward + halves * weight, 1e-12));
    }
  }
}

TEST_CASE("published: ZB-V holds the activations of 1F1B's first stage, at most, on every stage", "[published]") {
  const int p = GENERATE(2, 4, 8);
  const double all = s * b * (34 * h + 5 * a * s) * L;  // p passes through L / p layers
  for (const StageMemory& stage : equal_stages_of({{"parallel.pipeline", std::to_string(p)}, {"parallel.schedule", "zb-v"}})) {
    CAPTURE(p, stage.stage);
    CHECK(part(stage, "activations").value() <= all * (1 + 1e-12));
    if (stage.stage == 0) CHECK_THAT(part(stage, "activations").value(), WithinRel(all, 1e-12));
  }
}

TEST_CASE("recomputation of n layers keeps what its method says", "[property]") {
  const auto kept = [](const std::string& method, int layers) {
    return stages_of({{"model.vocabulary", "1024"},  // few logits: the fullest moment is one of the backward pass
                      {"parallel.recompute", "full"},
                      {"parallel.recompute_method", method},
                      {"parallel.recompute_layers", std::to_string(layers)}})
        .front();
  };
  const double one = layer_bytes({});
  const double rest = sbh + 4 * sbh;  // embedding mask; final norm and output layer
  for (const int n : {1, 4, 16}) {
    CAPTURE(n);
    // block: n layers keep their input of 2sbh, 16 - n keep everything, one is recomputed at a time, from its input on
    const StageMemory block = kept("block", n);
    CHECK_THAT(part(block, "activations").value(), WithinRel(rest + 2 * sbh * n + one * (L - n), 1e-12));
    CHECK_THAT(part(block, "recomputed_layer").value(), WithinRel(one - 2 * sbh, 1e-12));
    // uniform: 16/n groups keep one input, n layers are recomputed at once
    const StageMemory uniform = kept("uniform", n);
    CHECK_THAT(part(uniform, "activations").value(), WithinRel(rest + 2 * sbh * L / n, 1e-12));
    CHECK_THAT(part(uniform, "recomputed_layer").value(), WithinRel(one * n - 2 * sbh, 1e-12));
  }
}

TEST_CASE("when a layer's gradients are made all of it stands there, whatever is computed again: recomputation spares the others",
          "[property]") {
  for (const char* tensor : {"1", "8"}) {
    for (const char* schedule : {"1f1b", "zb-h1"}) {
      const auto alive = [&](std::int64_t layers, const char* recompute) {
        const ChunkActivations one = of_blocks(layers, {{"parallel.tensor", tensor},
                                                        {"parallel.pipeline", std::string(schedule) == "1f1b" ? "1" : "2"},
                                                        {"cluster.gpus", "16"},
                                                        {"parallel.schedule", schedule},
                                                        {"parallel.recompute", recompute}});
        return (one.kept + one.recomputed + one.in_flight).value();
      };
      CAPTURE(tensor, schedule);
      CHECK(alive(1, "selective") == alive(1, "none"));
      CHECK(alive(1, "full") == alive(1, "none"));
      CHECK(alive(L, "selective") < alive(L, "none"));
      CHECK(alive(L, "full") <= alive(L, "selective"));
    }
  }
}

TEST_CASE("as a pass makes input gradients what the weight gradients of its layers need piles up", "[property]") {
  // Eight tensor ranks with sequence parallelism, flash attention, no dropout: a layer keeps 32 sbh / t. Its weight gradients
  // need the inputs of the four products, 14 sbh / t, and the gradients of their outputs, 14 sbh / t and twice 2 sbh that are
  // whole.
  const Settings split{{"parallel.tensor", "8"},           {"parallel.sequence", "true"}, {"parallel.pipeline", "2"},
                       {"parallel.schedule", "zb-h1"},     {"cluster.gpus", "16"},        {"model.dropout", "0"},
                       {"techniques.flash_attention", "2"}};
  const ChunkActivations one = of_blocks(1, split);
  CHECK_THAT(one.kept.value(), WithinRel(32 * sbh / 8, 1e-12));
  CHECK_THAT(one.for_weights.value(), WithinRel(28 * sbh / 8 + 4 * sbh, 1e-12));
  for (const std::int64_t layers : {2, 16}) {
    CAPTURE(layers);
    const ChunkActivations all = of_blocks(layers, split);
    // the last layer's input gradients: all of it, its gradients, and what the others left for their weight gradients
    const double others = static_cast<double>(layers - 1) * one.for_weights.value();
    CHECK_THAT((all.kept + all.in_flight).value(), WithinRel(one.kept.value() + one.in_flight.value() + others, 1e-12));
  }
}

TEST_CASE("nothing stays alive after the last slot, and the peak is the largest moment", "[property]") {
  for (const char* schedule : {"gpipe", "1f1b", "interleaved-1f1b", "zb-h1", "zb-h2", "zb-v", "zb-auto"}) {
    for (const char* recompute : {"none", "selective", "full"}) {
      CAPTURE(schedule, recompute);
      const bool two = std::string(schedule) == "interleaved-1f1b" || std::string(schedule) == "zb-v";
      const Scenario scenario = korthikanti({{"parallel.pipeline", "4"},
                                             {"parallel.schedule", schedule},
                                             {"parallel.virtual_stages", two ? "2" : "1"},
                                             {"parallel.recompute", recompute}});
      const Work<Count> work = micro_batch_work(scenario);
      const auto chunks = cut_into_chunks(work.towers.front().groups, scenario.parallel);
      for (const StageMemory& stage : memory_of(scenario, work)) {
        const std::vector<Slot> slots = pipeline_slots(scenario, work)[static_cast<std::size_t>(stage.stage)];
        const auto activations = stage_activations(scenario, chunks, stage.stage);
        const auto moments = activation_timeline(slots, activations);
        Bytes most;
        for (const ActivationMoment& moment : moments) most = std::max(most, moment.all());
        const Bytes alive = part(stage, "activations") + part(stage, "loss") + part(stage, "recomputed_layer");
        CHECK(alive + part(stage, "gradients_in_flight") == most);
        REQUIRE(stage.peak_at);
        CHECK(std::abs(moments.back().after.value()) <= 1e-6 * most.value());
      }
    }
  }
}
