// SPDX-License-Identifier: Apache-2.0
#include "sim/model_chunk.hpp"
#include "sim/steady_state.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"
#include "tests/sim/slot_play.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

Settings with(Settings settings, const Settings& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

std::vector<std::int64_t> layers_of_chunks(const Settings& settings) {
  const Scenario scenario = scenario_of(small_decoder, settings);
  const Work<Count> work = micro_batch_work(scenario);
  std::vector<std::int64_t> layers;
  for (const ModelChunk& chunk : cut_into_chunks(work.towers.front().groups, scenario.parallel)) {
    std::int64_t blocks = 0;
    for (const LayerRun& run : chunk.runs) blocks += run.transformer_block ? run.repeat : 0;
    layers.push_back(blocks);
  }
  return layers;
}

std::string refusal(const Settings& settings) {
  return refusal_of(small_decoder, settings);
}

double bytes_named(const Run& run, const std::string& name) {
  double bytes = 0;
  for (const Task& task : run.step.graph.tasks) {
    if (run.step.steps[task.label].name == name) bytes += run.step.steps[task.label].bytes.value();
  }
  return bytes;
}

double kernel_flops(const Run& run) {
  double total = 0;
  for (const Task& task : run.step.graph.tasks) total += run.step.steps[task.label].flops.value();
  return total;
}

const Settings four_stages{{"cluster.gpus", "4"}, {"parallel.pipeline", "4"}};

bool is_weight_gradient(const Step& step) {
  return step.name.find("weight gradient") != std::string::npos;
}

}  // namespace

TEST_CASE("the engine plays each schedule as its slots say", "[property]") {
  // Blocks alone make equal stages; transfers, loading and the update take no time. What is left are the slots' own times.
  const std::string schedule = GENERATE("gpipe", "1f1b", "interleaved-1f1b", "zb-h1", "zb-h2", "zb-v", "zb-auto");
  const int micro_batches = GENERATE(2, 8, 12);
  CAPTURE(schedule, micro_batches);
  if (schedule == "interleaved-1f1b" && micro_batches == 2) return;
  const bool two = schedule == "interleaved-1f1b" || schedule == "zb-v";
  const Scenario scenario =
      scenario_of(small_decoder, with(four_stages, {{"training.global_batch", std::to_string(micro_batches)},
                                                    {"parallel.schedule", schedule},
                                                    {"parallel.virtual_stages", two ? "2" : "1"},
                                                    {"techniques.pp_overlap", "true"}}));
  Work<Count> work = micro_batch_work(scenario);
  std::erase_if(work.towers.front().groups, [](const LayerGroup<Count>& group) { return group.layer.name != "block"; });
  BuiltStep step = build_step(scenario, work);
  PassTimes times{0, 0, 0};
  for (Task& task : step.graph.tasks) {
    const Step& what = step.steps[task.label];
    if (kind_of(task.stream) != StreamKind::Compute || what.step_class == StepClass::Optimizer) {
      task.duration = Picoseconds{};
    } else if (rank_of(task.stream) == 0 && unpack(task.instance).micro_batch == 0 && unpack(task.instance).chunk == 0) {
      const bool forward = what.name.ends_with("forward");
      (forward ? times.forward : is_weight_gradient(what) ? times.weight : times.input) += task.duration.count();
    }
  }
  const Play played = *play(scenario.parallel, times, pipeline_slots(scenario, work));
  const Timeline timeline = simulate(step.graph);
  if (schedule.starts_with("zb")) {
    CHECK(without_barrier(step, timeline).makespan.count() == played.longest_span);
  } else {
    CHECK(timeline.makespan.count() == played.makespan);
  }
}

TEST_CASE("splitting backward moves weight gradients, it does not change the work", "[property]") {
  const bool sequence = GENERATE(false, true);
  CAPTURE(sequence);
  const Settings plan = with(four_stages, {{"cluster.gpus", "8"},
                                           {"parallel.tensor", "2"},
                                           {"parallel.sequence", sequence ? "true" : "false"},
                                           {"parallel.recompute", "full"}});
  const double whole = kernel_flops(run(small_decoder, plan));
  const auto exchanged = [](const Run& one) {
    double bytes = 0;
    for (const Task& task : one.step.graph.tasks) {
      const Step& what = one.step.steps[task.label];
      if (what.step_class == StepClass::TensorCommunication) bytes += what.bytes.value();
    }
    return bytes;
  };
  for (const char* schedule : {"zb-h1", "zb-h2", "zb-v", "zb-auto"}) {
    CAPTURE(schedule);
    const bool two = std::string(schedule) == "zb-v";
    const Run split =
        run(small_decoder, with(plan, {{"parallel.schedule", schedule}, {"parallel.virtual_stages", two ? "2" : "1"}}));
    CHECK_THAT(kernel_flops(split), WithinRel(whole, 1e-12));
    CHECK_THAT(exchanged(split), WithinRel(exchanged(run(small_decoder, plan)), 1e-12));
  }
}

TEST_CASE("a zero-bubble step is at most as long without the barrier as with it", "[property]") {
  for (const char* schedule : {"zb-h1", "zb-h2", "zb-v", "zb-auto"}) {
    CAPTURE(schedule);
    const Settings plan = with(four_stages, {{"parallel.schedule", schedule}, {"model.tied_embedding", "false"}});
    const Result free = run(small_decoder, plan).result;
    const Result joined = run(small_decoder, with(plan, {{"parallel.post_validation", "false"}})).result;
    CHECK(free.iteration_time <= joined.iteration_time);
    Seconds sum{};
    for (const auto& [name, time] : free.breakdown) sum += time;
    CHECK_THAT(sum.count(), WithinRel(free.iteration_time.count(), 1e-12));
  }
}

TEST_CASE("without the barrier no update waits for another stage, with it all wait for all", "[property]") {
  const bool free = GENERATE(true, false);
  CAPTURE(free);
  const Run one = run(small_decoder, with(four_stages, {{"parallel.schedule", "zb-h1"},
                                                        {"model.tied_embedding", "false"},
                                                        {"parallel.post_validation", free ? "true" : "false"}}));
  const TaskGraph& graph = one.step.graph;
  const auto updates = [&](TaskId task) { return one.step.steps[graph.tasks[task].label].step_class == StepClass::Optimizer; };
  std::size_t updated_stages = 0;
  bool crosses = false;
  for (TaskId task = 0; task < graph.size(); ++task) {
    if (!updates(task)) continue;
    ++updated_stages;
    for (const TaskId next : graph.successors_of(task))
      crosses = crosses || rank_of(graph.tasks[next].stream) != rank_of(graph.tasks[task].stream);
  }
  CHECK(updated_stages >= 4);
  CHECK(crosses == !free);
}

TEST_CASE("without a barrier a step still pays for loading that nothing hides", "[property]") {
  for (const char* schedule : {"zb-h1", "zb-h2", "zb-v", "zb-auto"}) {
    CAPTURE(schedule);
    const Run one = run(small_decoder, with(four_stages, {{"parallel.schedule", schedule},
                                                          {"techniques.async_data", "false"},
                                                          {"data.decode_per_node", "160 samples/s"}}));
    Picoseconds busy{};
    for (const Task& task : one.step.graph.tasks) {
      if (rank_of(task.stream) == 0 && kind_of(task.stream) == StreamKind::Compute) busy += task.duration;
    }
    CHECK(one.result.iteration_time >= Seconds(16.0 / 160) + to_seconds(busy));  // the batch of 16
  }
}

TEST_CASE("layers go to chunks as the plan says", "[unit]") {
  using Layers = std::vector<std::int64_t>;
  CHECK(layers_of_chunks(four_stages) == Layers{4, 4, 4, 4});
  CHECK(layers_of_chunks(with(four_stages, {{"parallel.stages", "[2, 5, 6, 3]"}})) == Layers{2, 5, 6, 3});
  CHECK(layers_of_chunks(with(four_stages, {{"parallel.first_stage_layers", "1"}})) == Layers{1, 5, 5, 5});
  CHECK(layers_of_chunks(with(four_stages, {{"parallel.first_stage_layers", "3"}, {"parallel.last_stage_layers", "1"}})) ==
        Layers{3, 6, 6, 1});
  // Qi et al. 2024, arXiv:2401.10241, section 5.1: two layers less than stages x layers, taken from the first and the last stage
  CHECK(layers_of_chunks(with(four_stages, {{"model.layers", "14"},
                                            {"parallel.account_for_embedding", "true"},
                                            {"parallel.account_for_loss", "true"}})) == Layers{3, 4, 4, 3});
  CHECK(layers_of_chunks(with(four_stages, {{"model.layers", "6"},
                                            {"parallel.virtual_stages", "2"},
                                            {"parallel.account_for_embedding", "true"},
                                            {"parallel.account_for_loss", "true"}})) == Layers{0, 1, 1, 1, 1, 1, 1, 0});
}

TEST_CASE("uneven stages do the whole model's work", "[property]") {
  const double whole = kernel_flops(run(small_decoder, four_stages));
  for (const char* stages : {"[1, 5, 5, 5]", "[0, 8, 8, 0]", "[7, 4, 4, 1]"}) {
    CAPTURE(stages);
    for (const char* schedule : {"1f1b", "zb-h1"}) {
      CHECK_THAT(
          kernel_flops(run(small_decoder, with(four_stages, {{"parallel.stages", stages}, {"parallel.schedule", schedule}}))),
          WithinRel(whole, 1e-12));
    }
  }
}

TEST_CASE("stages, schedules and recomputation that cannot be are refused with the rule and both values", "[unit]") {
  const std::vector<std::pair<Settings, std::string>> cases{
      {{{"parallel.stages", "[4, 4, 4]"}}, "parallel.stages: expected 4 entries (pipeline x virtual_stages), got 3"},
      {{{"parallel.stages", "[4, 4, 4, 5]"}}, "parallel.stages: the entries sum to 17, model.layers is 16"},
      {{{"parallel.stages", "[8, 0, 4, 4]"}}, "chunk 1 has 0 layers: only the first and the last may, in 8, 0, 4, 4"},
      {{{"parallel.stages", "[4, 4, 4, x]"}}, "expected layer counts (0, 1, 2, ...), got 'x'"},
      {{{"parallel.stages", "4"}}, "expected a list of layer counts"},
      {{{"parallel.stages", "[4, 4, 4, 4]"}, {"parallel.first_stage_layers", "4"}}, "given together with another way"},
      {{{"parallel.first_stage_layers", "3"}}, "leaves 13 of model.layers (16) for 3 stages"},
      {{{"parallel.first_stage_layers", "14"}}, "leaves 2 of model.layers (16) for 3 stages"},
      {{{"parallel.first_stage_layers", "1"}, {"parallel.virtual_stages", "2"}},
       "virtual_stages (2) does not divide a stage of 1 layers"},
      {{{"parallel.last_stage_layers", "4"}, {"parallel.schedule", "zb-v"}}, "first and the last chunk on one stage"},
      {{{"parallel.account_for_loss", "true"}}, "does not divide 16 layers with those counted in (17)"},
      {{{"parallel.account_for_embedding", "true"}, {"parallel.pipeline", "1"}}, "pipeline is 1"},
      {{{"parallel.schedule", "zb-h1"}, {"parallel.pipeline", "1"}}, "zb-h1 needs pipeline > 1, got 1"},
      {{{"parallel.schedule", "zb-h2"}, {"parallel.virtual_stages", "2"}}, "zb-h2 with 2 virtual stages"},
      {{{"parallel.schedule", "zb-v"}, {"parallel.virtual_stages", "4"}}, "zb-v has 2 virtual stages, got 4"},
      {{{"parallel.schedule", "interleaved-1f1b"}}, "needs at least 2 virtual stages, got 1"},
      {{{"parallel.virtual_stages", "2"}, {"training.global_batch", "6"}},
       "interleaved-1f1b needs micro-batches in multiples of pipeline (4), got 6"},
      {{{"parallel.post_validation", "true"}}, "belongs to the zero-bubble schedules, got 1f1b"},
      {{{"parallel.recompute_layers", "2"}}, "belongs to recompute: full, got none"},
      {{{"parallel.recompute", "full"}, {"parallel.recompute_method", "block"}}, "recompute_layers: missing"},
      {{{"parallel.recompute", "full"}, {"parallel.recompute_layers", "5"}},
       "5 is more than the layers of the largest chunk (4)"},
  };
  for (const auto& [settings, message] : cases) {
    CAPTURE(settings.front().first, settings.front().second);
    CHECK_THAT(refusal(with(four_stages, settings)), ContainsSubstring(message));
  }
}

TEST_CASE("a tied table is copied to the last stage, and its gradients are summed between the two", "[property]") {
  const double table = 32000.0 * 1024;
  const int tensor = GENERATE(1, 2);
  CAPTURE(tensor);
  const Settings plan{
      {"cluster.gpus", std::to_string(4 * tensor)}, {"parallel.pipeline", "4"}, {"parallel.tensor", std::to_string(tensor)}};
  const Run tied = run(small_decoder, plan);
  const Run untied = run(small_decoder, with(plan, {{"model.tied_embedding", "false"}}));
  // an all-reduce of two ranks: each sends 2 (2 - 1) / 2 of its fp32 gradients
  CHECK_THAT(bytes_named(tied, "tied embedding gradient"), WithinRel(2 * 4 * table / tensor, 1e-12));
  CHECK(bytes_named(untied, "tied embedding gradient") == 0);
  // one table either way; the pair that sums has a communicator of its own
  const auto held = [](const Run& one) {
    Bytes total = one.result.memory.stages.back().peak;
    for (const auto& [name, bytes] : one.result.memory.stages.back().parts) {
      if (name == "communicators") total -= bytes;
    }
    return total.value();
  };
  CHECK_THAT(held(tied), WithinRel(held(untied), 1e-12));
  CHECK(tied.result.memory.stages.back().peak > untied.result.memory.stages.back().peak);
  // one rank holds both ends: a single stage, or the V's first
  CHECK(bytes_named(run(small_decoder), "tied embedding gradient") == 0);
  const Run v = run(small_decoder, with(plan, {{"parallel.schedule", "zb-v"}}));
  CHECK(bytes_named(v, "tied embedding gradient") == 0);
}

TEST_CASE("recomputing n layers repeats the flops of n layers", "[property]") {
  const double none = run(small_decoder).result.hardware_flops.value();
  const double all = run(small_decoder, {{"parallel.recompute", "full"}}).result.hardware_flops.value();
  for (const int n : {1, 5, 16}) {
    CAPTURE(n);
    const Settings settings{{"parallel.recompute", "full"}, {"parallel.recompute_layers", std::to_string(n)}};
    const Result block = run(small_decoder, with(settings, {{"parallel.recompute_method", "block"}})).result;
    CHECK_THAT(block.hardware_flops.value() - none, WithinRel((all - none) * n / 16, 1e-12));
    const Result uniform = run(small_decoder, settings).result;
    CHECK(uniform.hardware_flops.value() == all);
  }
}

TEST_CASE("a plan that does not fit names the change that frees most", "[unit]") {
  const Settings large{{"training.sequence_length", "8192"}, {"training.micro_batch", "16"}};
  const Result flash = run(small_decoder, with(large, {{"techniques.flash_attention", "2"}})).result;
  REQUIRE_FALSE(flash.memory.fits);
  CHECK_THAT(flash.memory.advice, ContainsSubstring("parallel.recompute: full frees most"));
  // scores of 8192 x 8192 for each head: a layer of them comes back with either recomputation, and full keeps less beside it
  const Result unfused = run(small_decoder, with(large, {{"techniques.flash_attention", "false"}})).result;
  CHECK_THAT(unfused.memory.advice, ContainsSubstring("parallel.recompute: full frees most"));
  CHECK(run(small_decoder).result.memory.advice.empty());
}

TEST_CASE("a model that is too large to simulate is refused before any of it is built", "[unit]") {
  CHECK_THROWS_WITH(run(small_decoder, {{"model.layers", "2147483647"}}), ContainsSubstring("fewer layers are needed"));
}
