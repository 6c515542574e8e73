// SPDX-License-Identifier: Apache-2.0
#include "sim/step.hpp"

#include "sim/breakdown.hpp"
#include "sim/critical_path.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>
#include <limits>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

bool is_communication(StepClass step_class) {
  return step_class == StepClass::TensorCommunication || step_class == StepClass::PipelineCommunication ||
         step_class == StepClass::DataCommunication || step_class == StepClass::EmbeddingExchange;
}

/// Plans of the small decoder on 16 GPUs that differ in every dimension.
std::vector<Settings> plans() {
  const Settings gpus{{"cluster.gpus", "16"}};
  const auto with = [&](Settings more) {
    more.insert(more.begin(), gpus.begin(), gpus.end());
    return more;
  };
  return {
      with({}),
      with({{"parallel.zero", "1"}, {"techniques.dp_overlap", "true"}}),
      with({{"parallel.tensor", "4"}}),
      with({{"parallel.tensor", "4"}, {"parallel.sequence", "true"}}),
      with({{"parallel.tensor", "2"}, {"parallel.sequence", "true"}, {"techniques.tp_overlap", "true"}, {"stack", "megascale"}}),
      with({{"parallel.pipeline", "4"}, {"parallel.recompute", "full"}}),
      with({{"parallel.pipeline", "4"},
            {"parallel.virtual_stages", "2"},
            {"parallel.schedule", "interleaved-1f1b"},
            {"techniques.pp_overlap", "true"}}),
      with({{"parallel.tensor", "2"},
            {"parallel.sequence", "true"},
            {"parallel.pipeline", "4"},
            {"parallel.zero", "1"},
            {"parallel.recompute", "selective"}})};
}

double compute_flops(const Run& run) {
  double total = 0;
  for (const Task& task : run.step.graph.tasks) {
    const Step& step = run.step.steps[task.label];
    if (step.step_class == StepClass::Matmul) total += step.flops.value();
  }
  return total;
}

}  // namespace

TEST_CASE("one GPU communicates nothing", "[property]") {
  for (const Run& one : {run(small_decoder), run(small_clip, {{"cluster.gpus", "1"}, {"training.global_batch", "16"}})}) {
    for (const Task& task : one.step.graph.tasks) {
      const Step& step = one.step.steps[task.label];
      CAPTURE(step.name);
      CHECK_FALSE(is_communication(step.step_class));
    }
    for (const auto& [name, time] : one.result.breakdown) {
      if (name.find("exposed") != std::string::npos) CHECK(time.count() == 0);
    }
  }
}

TEST_CASE("the parts of the breakdown sum to the step to the picosecond, for every rank", "[property]") {
  for (const Settings& plan : plans()) {
    const Run one = run(small_decoder, plan);
    for (int rank = 0; rank < one.step.ranks; ++rank) {
      Picoseconds sum{};
      for (const auto& [name, time] : break_down(one.step, one.timeline, rank)) sum += time;
      CHECK(sum == one.timeline.makespan);
    }
  }
}

TEST_CASE("the waterfall sums to the step and starts at the time that the peak would need", "[property]") {
  for (const Settings& plan : plans()) {
    const Result result = run(small_decoder, plan).result;
    Seconds sum{};
    for (const auto& [name, time] : result.waterfall) sum += time;
    CHECK_THAT(sum.count(), WithinRel(result.iteration_time.count(), 1e-12));
    REQUIRE(result.waterfall.front().first == "ideal_at_peak");
    CHECK_THAT(result.waterfall.front().second / result.iteration_time, WithinRel(result.mfu, 1e-12));
  }
}

TEST_CASE("the waterfall tells what the convention counts and nobody computes from what stages do unevenly", "[property]") {
  const auto part = [](const Result& result, const std::string& name) {
    for (const auto& [key, time] : result.waterfall) {
      if (key == name) return time.count();
    }
    return std::numeric_limits<double>::quiet_NaN();
  };
  // The gradient of the images that the patch embedding reads: 24 x 24 patches of 3 x 14 x 14 values, to 1024, for 16 images.
  const Result clip = run(small_clip).result;
  const double image_gradient = 2.0 * 16 * 24 * 24 * 3 * 14 * 14 * 1024;
  CHECK_THAT(part(clip, "counted_not_computed"), WithinRel(-image_gradient / clip.peak_per_gpu.value(), 1e-6));
  CHECK(part(clip, "uneven_stages") == 0);
  // A decoder reads a table: nothing is left out. Its last stage of four has the logits, 3 x 2 s h V a sample, alone.
  const Result decoder = run(small_decoder, {{"cluster.gpus", "4"}, {"parallel.pipeline", "4"}}).result;
  const double logits = 3.0 * 2 * 16 * 1024 * 1024 * 32000;
  CHECK(decoder.critical_rank == 3);
  CHECK_THAT(part(decoder, "counted_not_computed") / decoder.iteration_time.count(), WithinAbs(0, 1e-9));
  CHECK_THAT(part(decoder, "uneven_stages"), WithinRel(logits * 3 / 4 / decoder.peak_per_gpu.value(), 1e-6));
}

TEST_CASE("a step is at least its longest chain of tasks and at least its busiest stream", "[property]") {
  for (const Settings& plan : plans()) {
    const Run one = run(small_decoder, plan);
    CHECK(one.timeline.makespan >= longest_path(one.step.graph));
    std::vector<Picoseconds> busy(one.step.graph.streams);
    for (const Task& task : one.step.graph.tasks) busy[task.stream] += task.duration;
    CHECK(one.timeline.makespan >= *std::max_element(busy.begin(), busy.end()));
  }
}

TEST_CASE("two runs of a scenario give the same timeline", "[property]") {
  for (const Settings& plan : plans()) CHECK(run(small_decoder, plan).timeline == run(small_decoder, plan).timeline);
}

TEST_CASE("matmul flops summed over the ranks equal those of the unsplit model", "[property]") {
  const Run whole = run(small_decoder);
  for (const Settings& plan : plans()) {
    const Run split = run(small_decoder, plan);
    const ParallelPlan& parallel = split.scenario.parallel;
    CAPTURE(parallel.tensor, parallel.pipeline, parallel.data, to_string(parallel.recompute));
    // each simulated rank stands for tensor x data real ones
    CHECK_THAT(compute_flops(split) * parallel.tensor * parallel.data, WithinRel(compute_flops(whole), 1e-12));
  }
}

TEST_CASE("model flops do not depend on the plan, and hardware flops are at least as many", "[property]") {
  const double whole = run(small_decoder).result.model_flops.value();
  for (const Settings& plan : plans()) {
    const Result result = run(small_decoder, plan).result;
    CHECK_THAT(result.model_flops.value(), WithinRel(whole, 1e-12));
    CHECK(result.hardware_flops >= result.model_flops);
    CHECK((result.mfu > 0 && result.mfu <= result.hfu && result.hfu <= 1));
  }
}

TEST_CASE("full recomputation repeats the forward flops of the blocks", "[property]") {
  const Result none = run(small_decoder).result;
  const Result full = run(small_decoder, {{"parallel.recompute", "full"}}).result;
  // logits are not recomputed: 2 x rows x hidden x vocabulary of the forward third
  const double logits = 2.0 * 16 * 1024 * 1024 * 32000;
  CHECK_THAT(full.hardware_flops.value() - none.hardware_flops.value(), WithinRel(none.model_flops.value() / 3 - logits, 1e-12));
}

TEST_CASE("a network of twice the bandwidth never slows a step", "[property]") {
  for (Settings plan : plans()) {
    const Scenario slow = scenario_of(small_decoder, plan);
    Scenario fast = slow;
    fast.cluster.network.nic_bandwidth = 2 * slow.cluster.network.nic_bandwidth;
    CHECK(run_scenario(fast).timeline.makespan <= run_scenario(slow).timeline.makespan);
  }
}

TEST_CASE("a pipeline of equal stages adds (p - 1) slots of a forward and a backward pass to its ideal time", "[property]") {
  // Equal stages: no embedding, no logits, so only the blocks are left of the model's work.
  const int stages = GENERATE(2, 4, 8);
  const int micro_batches = GENERATE(1, 4, 16);
  const std::string schedule = GENERATE("gpipe", "1f1b");
  CAPTURE(stages, micro_batches, schedule);
  const Settings settings{{"cluster.gpus", std::to_string(stages)},
                          {"cluster.gpus_per_node", "8"},
                          {"training.global_batch", std::to_string(micro_batches)},
                          {"parallel.pipeline", std::to_string(stages)},
                          {"parallel.schedule", schedule},
                          {"techniques.pp_overlap", "true"}};
  const Scenario scenario = scenario_of(small_decoder, settings);
  Work<Count> work = micro_batch_work(scenario);
  std::vector<LayerGroup<Count>>& groups = work.towers.front().groups;
  const auto blocks =
      std::max_element(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.repeat < b.repeat; });
  groups = {LayerGroup<Count>(*blocks)};
  BuiltStep step = build_step(scenario, work);
  for (Task& task : step.graph.tasks) {  // transfers, loading and the update take no time: the law is about slots
    const StreamKind kind = kind_of(task.stream);
    if (kind != StreamKind::Compute || step.steps[task.label].step_class == StepClass::Optimizer) task.duration = Picoseconds{};
  }
  std::vector<Picoseconds> busy(static_cast<std::size_t>(stages));
  for (const Task& task : step.graph.tasks) busy[static_cast<std::size_t>(rank_of(task.stream))] += task.duration;
  const Picoseconds slot = busy.front() / micro_batches;
  CHECK(busy.front() == busy.back());
  CHECK(simulate(step.graph).makespan == busy.front() + (stages - 1) * slot);
}

TEST_CASE("interleaving with v chunks divides the bubble by v", "[published]") {
  // Narayanan et al. 2021, arXiv:2104.04473, section 2.2: bubble time (p - 1)(t_f + t_b) / v.
  const int chunks = GENERATE(2, 4);
  const int stages = 4;
  CAPTURE(chunks);
  const Settings settings{{"cluster.gpus", "4"},
                          {"training.global_batch", "16"},
                          {"parallel.pipeline", "4"},
                          {"parallel.virtual_stages", std::to_string(chunks)},
                          {"parallel.schedule", "interleaved-1f1b"},
                          {"techniques.pp_overlap", "true"}};
  const Scenario scenario = scenario_of(small_decoder, settings);
  Work<Count> work = micro_batch_work(scenario);
  std::vector<LayerGroup<Count>>& groups = work.towers.front().groups;
  const auto blocks =
      std::max_element(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.repeat < b.repeat; });
  groups = {LayerGroup<Count>(*blocks)};
  BuiltStep step = build_step(scenario, work);
  for (Task& task : step.graph.tasks) {
    if (kind_of(task.stream) != StreamKind::Compute || step.steps[task.label].step_class == StepClass::Optimizer)
      task.duration = Picoseconds{};
  }
  Picoseconds busy{};
  for (const Task& task : step.graph.tasks) busy += rank_of(task.stream) == 0 ? task.duration : Picoseconds{};
  CHECK(simulate(step.graph).makespan == busy + (stages - 1) * (busy / 16) / chunks);
}

TEST_CASE("bytes of gradient reduction follow the ring's closed forms", "[property]") {
  const int zero = GENERATE(0, 1);
  const int data = GENERATE(2, 8);
  CAPTURE(zero, data);
  const Run one = run(small_decoder, {{"cluster.gpus", std::to_string(data)}, {"parallel.zero", std::to_string(zero)}});
  // GPT block: 12 h^2 + 13 h; token table 32000 h, positions 1024 h, final norm 2 h; logits tied. fp32 gradients.
  const double h = 1024;
  const double parameters = 16 * (12 * h * h + 13 * h) + 32000 * h + 1024 * h + 2 * h;
  const double ring = (data - 1.0) / data;
  double gradients = 0;
  double weights = 0;
  for (const Task& task : one.step.graph.tasks) {
    const Step& step = one.step.steps[task.label];
    if (step.name == "gradient reduction") gradients += step.bytes.value();
    if (step.name == "weight gather") weights += step.bytes.value();
  }
  CHECK_THAT(gradients, WithinRel((zero == 0 ? 2 : 1) * ring * 4 * parameters, 1e-12));
  CHECK_THAT(weights, WithinRel(zero == 0 ? 0 : ring * 2 * parameters, 1e-12));
}

TEST_CASE("tensor-parallel exchanges of a layer follow the papers' closed forms", "[published]") {
  // Megatron-LM (arXiv:1909.08053): 4 all-reduces of b s h a layer and micro-batch, two forward and two backward, each sending
  // 2 (t-1)/t of the tensor. Korthikanti et al. (arXiv:2205.05198, section 4.2.2): with sequence parallelism all-gather and
  // reduce-scatter pairs, the same volume, plus one gather of each split region's input again in backward.
  const bool sequence = GENERATE(false, true);
  const int tensor = GENERATE(2, 8);
  CAPTURE(sequence, tensor);
  const Run one = run(small_decoder, {{"cluster.gpus", std::to_string(tensor)},
                                      {"parallel.tensor", std::to_string(tensor)},
                                      {"parallel.sequence", sequence ? "true" : "false"}});
  double sent = 0;
  for (const Task& task : one.step.graph.tasks) {
    const Step& step = one.step.steps[task.label];
    if (step.step_class == StepClass::TensorCommunication && step.name.starts_with("block.")) sent += step.bytes.value();
  }
  const double layer_passes = 16.0 * 16;  // layers x micro-batches
  const double tensor_bytes = 2.0 * 1024 * 1024;
  const double ring = (tensor - 1.0) / tensor;
  const double expected = layer_passes * tensor_bytes * ring * (sequence ? 10 : 8);
  CHECK_THAT(sent, WithinRel(expected, 1e-12));
}

TEST_CASE("a frozen tower runs forward only: no backward kernels, no gradients, no kept activations", "[unit]") {
  const std::string frozen = R"(
model: {kind: clip, projection: 512,
        vision: {layers: 12, hidden_size: 768, heads: 12, mlp_size: 3072, image_size: 224, patch_size: 16, frozen: true},
        text: {layers: 12, hidden_size: 512, heads: 8, mlp_size: 2048, vocabulary: 49408, context_length: 77}}
cluster: {gpu: a100-sxm4-80gb, gpus: 8}
training: {global_batch: 512}
)";
  const Run one = run(frozen);
  const Run trained = run(frozen, {{"model.vision.frozen", "false"}});
  for (const Task& task : one.step.graph.tasks) {
    const bool vision = unpack(task.instance).chunk == 0 && one.step.steps[task.label].step_class != StepClass::DataCommunication;
    if (vision) CHECK(one.step.steps[task.label].name.find("weight gradient") == std::string::npos);
  }
  CHECK(one.timeline.makespan < trained.timeline.makespan);
  CHECK(one.result.memory.peak < trained.result.memory.peak);
}
