// SPDX-License-Identifier: Apache-2.0
#include "sim/selective_recompute.hpp"

#include "sim/activation_memory.hpp"
#include "sim/step_flops.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

// A Llama block: 8 heads of 128 with two of keys and values, gated MLP of 2816.
constexpr double rows = 2048, h = 1024, kv = 256, f = 2816;
constexpr const char* llama = R"(
model: {kind: decoder, layers: 4, hidden_size: 1024, heads: 8, kv_heads: 2, mlp_size: 2816, mlp: swiglu, vocabulary: 32000}
cluster: {gpu: h100-sxm5-80gb, gpus: 8, gpus_per_node: 8}
training: {global_batch: 8, micro_batch: 1, sequence_length: 2048, precision: bf16, optimizer: adamw}
parallel: {data: auto, zero: 3, recompute: selective}
stack: torchtitan-2025
)";

Layer<Count> block_of(const Scenario& scenario) {
  const Work<Count> work = micro_batch_work(scenario);
  for (const LayerGroup<Count>& group : work.towers.front().groups) {
    if (group.layer.name == "block") return group.layer;
  }
  throw std::logic_error("the decoder has blocks");
}

std::vector<std::pair<double, double>> products(const std::vector<Operator<Count>>& operators) {
  std::vector<std::pair<double, double>> shapes;
  for (const Operator<Count>& op : operators) {
    if (const auto* linear = std::get_if<Linear<Count>>(&op.shape))
      shapes.emplace_back(linear->inputs.as_double(), linear->outputs.as_double());
  }
  return shapes;
}

double kept(const std::string& recompute) {
  const Scenario scenario = scenario_of(llama, {{"parallel.recompute", recompute}});
  const Layer<Count> block = block_of(scenario);
  return chunk_activations(scenario, {{{&block, 1, true}}}).kept.value();
}

}  // namespace

TEST_CASE("every second multiply of a block runs again: keys, the output projection, the up projection", "[unit]") {
  const std::vector<Operator<Count>> again = repeated_operators(block_of(scenario_of(llama)));
  CHECK(products(again) == std::vector<std::pair<double, double>>{{h, kv}, {h, h}, {h, f}});
  const auto attention = [](const Operator<Count>& op) { return std::holds_alternative<Attention<Count>>(op.shape); };
  CHECK(std::none_of(again.begin(), again.end(), attention));
  CHECK(std::holds_alternative<Activation<Count>>(again.back().shape));  // nothing reads what comes after the last multiply
}

TEST_CASE("what runs again counts in hardware FLOPs and not in those of the model", "[unit]") {
  const Scenario scenario = scenario_of(llama);
  const double samples = 8, layers = 4;
  CHECK_THAT(repeated_flops(scenario, micro_batch_work(scenario)).value(),
             WithinRel(samples * layers * 2 * rows * h * (kv + h + f), 1e-9));
}

TEST_CASE("kept are the block's input, and the outputs of attention and of the other multiplies", "[unit]") {
  const double queries = h, values = kv, attention = h, gate = f, down = h;
  CHECK_THAT(kept("selective"), WithinRel(2 * rows * (h + queries + values + attention + gate + down), 1e-9));
  CHECK(kept("full") < kept("selective"));
  CHECK(kept("selective") < kept("none"));
}

TEST_CASE("selective recomputation of multiplies takes longer than none and less than full", "[property]") {
  const auto time = [](const std::string& recompute, const Settings& more) {
    Settings settings{{"parallel.recompute", recompute}};
    settings.insert(settings.end(), more.begin(), more.end());
    return run(llama, settings).result.iteration_time;
  };
  const Settings plan = GENERATE(Settings{}, Settings{{"parallel.tensor", "2"}, {"parallel.sequence", "true"}});
  CHECK(time("none", plan) < time("selective", plan));
  CHECK(time("selective", plan) < time("full", plan));
  // with Megatron-LM's meaning flash attention leaves nothing to run again
  Settings attention = plan;
  attention.emplace_back("stack_settings.selective_recompute", "attention");
  CHECK(time("selective", attention) == time("none", plan));
}
