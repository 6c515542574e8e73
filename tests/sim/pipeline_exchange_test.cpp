// SPDX-License-Identifier: Apache-2.0
#include "sim/layer_pass.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

const Step& send_of(const Run& run, const std::string& name = "send activations") {
  const auto found =
      std::find_if(run.step.steps.begin(), run.step.steps.end(), [&](const Step& step) { return step.name == name; });
  REQUIRE(found != run.step.steps.end());
  return *found;
}

Settings plan_with(const std::string& sequence) {
  return {{"cluster.gpus", "16"}, {"parallel.tensor", "4"}, {"parallel.pipeline", "4"}, {"parallel.sequence", sequence}};
}

}  // namespace

TEST_CASE("tensor ranks send shares, and gather them where they need the whole", "[property]") {
  const Run whole = run(small_decoder, plan_with("false"));
  const Run shares = run(small_decoder, plan_with("true"));
  const double elements = 1024.0 * 1024;  // tokens x width of a micro-batch
  const Step gather = tensor_collective(layer_context(whole.scenario), Collective::AllGather, elements, "gather");
  CHECK(send_of(whole).bytes == send_of(shares).bytes);
  const Picoseconds more = send_of(whole).duration - send_of(shares).duration;
  CHECK(std::abs((more - gather.duration).count()) <= 1);  // rounded once together, or apart
}

TEST_CASE("only the stages on either side of a node's edge send over the network, and the pipeline keeps its pace",
          "[property]") {
  constexpr int stages = 16;
  constexpr int stages_a_node = 8;
  const auto pipeline = [](const std::string& bandwidth) {
    return run(tiny_decoder, {{"cluster.gpus", std::to_string(stages)},
                              {"parallel.pipeline", std::to_string(stages)},
                              {"training.global_batch", "32"},
                              {"cluster.network", "{nics_per_node: 8, bandwidth: " + bandwidth + "}"}});
  };
  const Run one = pipeline("200 Gb/s");
  for (const Task& task : one.step.graph.tasks) {
    const Step& step = one.step.steps[task.label];
    if (step.step_class != StepClass::PipelineCommunication) continue;
    const int sender = rank_of(task.stream);
    const int receiver = step.name == "send activations" ? sender + 1 : sender - 1;
    CAPTURE(sender, receiver);
    CHECK((step.use == StepUse::NetworkTransfer) == (sender / stages_a_node != receiver / stages_a_node));
  }
  CHECK(pipeline("2 Gb/s").timeline.makespan > one.timeline.makespan);
}

TEST_CASE("where nodes hold one GPU each, every stage sends over the network", "[property]") {
  const std::string stack = GENERATE("megatron-lm-2023-01", "deepspeed-pipeline-2022");  // free and in turn
  CAPTURE(stack);
  const auto pipeline = [&](const std::string& gpus_per_node) {
    return run(tiny_decoder, {{"cluster.gpus", "4"},
                              {"cluster.gpus_per_node", gpus_per_node},
                              {"parallel.pipeline", "4"},
                              {"training.global_batch", "8"},
                              {"stack", stack},
                              {"cluster.network", "{nics_per_node: 1, bandwidth: 200 Gb/s}"}});
  };
  const Run apart = pipeline("1");
  for (const Task& task : apart.step.graph.tasks) {
    const Step& step = apart.step.steps[task.label];
    if (step.step_class == StepClass::PipelineCommunication) CHECK(step.use == StepUse::NetworkTransfer);
  }
  CHECK(apart.timeline.makespan > pipeline("4").timeline.makespan);
}

TEST_CASE("with stages before replicas sends stay in the node and gradients leave it", "[property]") {
  const auto uses = [](const std::string& order) {
    const Run run_of_order =
        run(small_decoder, {{"cluster.gpus", "16"}, {"parallel.pipeline", "4"}, {"parallel.rank_order", order}});
    std::pair<StepUse, StepUse> found;  // of sends and of the reduction
    for (const Task& task : run_of_order.step.graph.tasks) {
      const Step& step = run_of_order.step.steps[task.label];
      if (step.name == "send activations" && rank_of(task.stream) == 1) found.first = step.use;
      if (step.name == "gradient reduction") found.second = step.use;
    }
    return found;
  };
  CHECK(uses("tp-cp-dp-pp") == std::pair(StepUse::NetworkTransfer, StepUse::NodeTransfer));
  CHECK(uses("tp-cp-pp-dp") == std::pair(StepUse::NodeTransfer, StepUse::NetworkTransfer));
}

TEST_CASE("exchanges in turn make each steady exchange of gradients wait for that of activations, and no other", "[property]") {
  const int stages = GENERATE(2, 4);
  CAPTURE(stages);
  Scenario scenario =
      scenario_of(small_decoder, {{"cluster.gpus", std::to_string(stages)}, {"parallel.pipeline", std::to_string(stages)}});
  const Run at_once = run_scenario(scenario);
  scenario.stack.pipeline_exchange = PipelineExchange::InTurn;
  const Run in_turn = run_scenario(scenario);
  const Picoseconds activations = send_of(at_once).duration;
  const Picoseconds gradients = send_of(at_once, "send gradients").duration;
  std::int64_t together = 0;
  for (const Task& task : in_turn.step.graph.tasks) {
    const Step& step = in_turn.step.steps[task.label];
    if (step.name == "send activations") CHECK(step.duration == activations);
    if (step.name != "send gradients") continue;
    CHECK((step.duration == gradients || step.duration == activations + gradients));
    if (step.duration != gradients) ++together;
  }
  // stage s > 0 warms up with p - s - 1 passes; each later forward pass but the first follows a backward pass
  std::int64_t expected = 0;
  for (int stage = 1; stage < stages; ++stage) expected += scenario.parallel.micro_batches - (stages - stage - 1) - 1;
  CHECK(together == expected);
  CHECK(in_turn.timeline.makespan > at_once.timeline.makespan);
}
