// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"
#include "sim/breakdown.hpp"
#include "sim/placement.hpp"
#include "sim/shard.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

double part(const Result& result, const std::string& name) {
  for (const auto& [key, bytes] : result.memory.parts) {
    if (key == name) return bytes.value();
  }
  throw std::logic_error("no such part of the memory: " + name);
}

double state_bytes(const Result& result) {
  return part(result, "weights") + part(result, "gradients") + part(result, "optimizer");
}

double exposed(const Result& result, const std::string& kind) {
  for (const auto& [name, time] : result.breakdown) {
    if (name == "exposed_" + kind + "_communication") return time.count();
  }
  throw std::logic_error("no such part of the breakdown: " + kind);
}

std::vector<const Step*> steps_named(const Run& run, const std::string& name) {
  std::vector<const Step*> found;
  for (const Task& task : run.step.graph.tasks) {
    if (run.step.steps[task.label].name == name) found.push_back(&run.step.steps[task.label]);
  }
  return found;
}

}  // namespace

TEST_CASE("published: model state by ZeRO stage, arXiv:1910.02054, figure 1", "[published]") {
  // 16-bit weights and gradients, K = 12 bytes of optimizer state a parameter.
  const int ranks = GENERATE(2, 8, 64);
  const int zero = GENERATE(0, 1, 2, 3);
  CAPTURE(ranks, zero);
  const double psi = 16 * (12.0 * 1024 * 1024 + 13 * 1024) + (4096 + 512 + 2) * 1024.0;
  const double n = ranks;
  const std::vector<double> figure{16 * psi, 4 * psi + 12 * psi / n, 2 * psi + 14 * psi / n, 16 * psi / n};
  const Run one = run(tiny_decoder, {{"cluster.gpus", std::to_string(ranks)},
                                     {"training.global_batch", std::to_string(ranks)},
                                     {"stack", "deepspeed-2023"},
                                     {"parallel.zero", std::to_string(zero)}});
  CHECK_THAT(state_bytes(one.result), WithinRel(figure[static_cast<std::size_t>(zero)], 1e-12));
}

TEST_CASE("a higher ZeRO stage never holds more state, nor does a larger shard group", "[property]") {
  constexpr int plans = 40;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(seed));
    Settings plan = random_sharded_plan(draw);
    std::erase_if(plan, [](const auto& setting) {
      return setting.first.starts_with("parallel.zero") || setting.first.starts_with("parallel.fsdp") ||
             setting.first == "parallel.shard_group";
    });
    CAPTURE(seed, text_of(plan));
    double before = std::numeric_limits<double>::infinity();
    for (const char* zero : {"0", "1", "2", "3"}) {
      Settings with = plan;
      with.emplace_back("parallel.zero", zero);
      const double bytes = state_bytes(run(tiny_decoder, with).result);
      CHECK(bytes <= before);
      before = bytes;
      if (zero[0] == '0') continue;
      with.emplace_back("parallel.shard_group", "1");
      CHECK(state_bytes(run(tiny_decoder, with).result) >= bytes);
    }
  }
}

TEST_CASE("types of the state are the stack's unless they are given", "[unit]") {
  const auto state = [](const std::string& stack, const std::string& precision) {
    return scenario_of(tiny_decoder, {{"stack", stack}, {"training.precision", precision}}).training.state;
  };
  CHECK(state("pytorch-ddp-2024", "bf16").parameters == DataType::Fp32);
  CHECK_FALSE(state("pytorch-ddp-2024", "bf16").master.has_value());
  CHECK(state("megatron-core-2024", "fp16").parameters == DataType::Fp16);
  CHECK(state("megatron-core-2024", "fp16").gradients == DataType::Fp32);
  CHECK(state("megatron-core-2024", "fp32").parameters == DataType::Fp32);
  CHECK(state("deepspeed-2023", "bf16").gradients == DataType::Bf16);
  CHECK(state("deepspeed-2023", "bf16").master == DataType::Fp32);
  const Settings half{{"training.gradients", "bf16"}, {"training.master_weights", "none"}, {"training.moments", "bf16"}};
  const Run one = run(tiny_decoder, half);
  const Run usual = run(tiny_decoder);
  CHECK(part(one.result, "gradients") * 2 == part(usual.result, "gradients"));
  CHECK(part(one.result, "optimizer") * 3 == part(usual.result, "optimizer"));  // two 16-bit moments of 12 bytes
}

TEST_CASE("tensor ranks divide the heads of a norm on each head, and the width of one on all heads", "[unit]") {
  const Count tokens = 1024;
  const Count heads = 32;
  const Count head_dim = 100;  // 8 ranks do not divide it
  const auto share_of = [](const Norm<Count>& norm) {
    const Operator<Count> op{.name = "query_norm", .shape = norm, .split = TensorSplit::Inside, .inputs = {}};
    return std::pair(std::get<Norm<Count>>(sharded_shape(op, {.ranks = 8})), sharded_parameters(op, {.ranks = 8}).value());
  };
  const auto [each, learned] =
      share_of({.rows = tokens * heads, .width = head_dim, .kind = NormKind::RmsNorm, .each_head = true});
  CHECK(each.rows == tokens * Count(4));
  CHECK(each.width == head_dim);
  CHECK(learned == 100);
  const auto [all, share] = share_of({.rows = tokens, .width = heads * head_dim, .kind = NormKind::RmsNorm});
  CHECK(all.rows == tokens);
  CHECK(share == 32 * 100 / 8);
}

TEST_CASE("matmul flops summed over context ranks equal those of the unsplit model, attention's as well", "[property]") {
  const auto flops = [](const Run& one) {
    double total = 0;
    for (const Task& task : one.step.graph.tasks) {
      const Step& step = one.step.steps[task.label];
      const bool counts = step.step_class == StepClass::Matmul || step.step_class == StepClass::Attention;
      if (counts) total += step.flops.value();
    }
    return total * one.scenario.parallel.tensor * gradient_ranks(one.scenario.parallel);
  };
  const std::string context = GENERATE("1", "2", "4", "8");
  const std::string exchange = GENERATE("ring", "all-to-all", "all-gather");
  if (context == "1" && exchange != "ring") return;
  CAPTURE(context, exchange);
  Settings plan{{"cluster.gpus", "8"}, {"stack", "pytorch-ddp-2024"}, {"parallel.context", context}};
  if (context != "1") plan.emplace_back("parallel.context_exchange", exchange);
  CHECK_THAT(flops(run(tiny_decoder, plan)), WithinRel(flops(run(tiny_decoder, {{"stack", "pytorch-ddp-2024"}})), 1e-12));
}

TEST_CASE("the first gather of a step is exposed, later ones run under compute unless nothing is gathered ahead", "[unit]") {
  const auto with = [](const std::string& depth) {
    return run(tiny_decoder, {{"cluster.gpus", "8"},
                              {"training.sequence_length", "2048"},
                              {"stack", "torchtitan-2025"},
                              {"parallel.zero", "3"},
                              {"parallel.fsdp.forward_prefetch", depth},
                              {"parallel.fsdp.backward_prefetch", depth}});
  };
  const Run ahead = with("1");
  const Run behind = with("0");
  const double gather = to_seconds(steps_named(ahead, "unit gather").front()->duration).count();
  CHECK(steps_named(ahead, "unit gather").size() == 2U * 16 * 2);  // two micro-batches of 16 blocks, forward and backward
  CHECK(exposed(ahead.result, "data") >= gather);
  CHECK(exposed(behind.result, "data") - exposed(ahead.result, "data") > 32 * gather);
  CHECK(behind.timeline.makespan > ahead.timeline.makespan);
}

TEST_CASE("without overlap every gather and reduction of sharded parameters is exposed", "[property]") {
  const Run one =
      run(tiny_decoder,
          {{"cluster.gpus", "8"}, {"stack", "torchtitan-2025"}, {"techniques.dp_overlap", "false"}, {"parallel.zero", "3"}});
  Picoseconds all{};
  for (const Task& task : one.step.graph.tasks) {
    const bool counts = one.step.steps[task.label].step_class == StepClass::DataCommunication;
    if (counts) all += task.duration;
  }
  // but the root's gather, which the copy of the input may hide a part of
  CHECK_THAT(exposed(one.result, "data"), WithinRel(to_seconds(all).count(), 0.02));
}

TEST_CASE("a slow replica slows the others of its sharded job", "[property]") {
  const Settings plan{{"cluster.gpus", "16"}, {"training.global_batch", "32"}, {"parallel.zero", "3"}};
  Settings slowed = plan;
  slowed.emplace_back("variation.slow_nodes.fraction", "0.5");
  slowed.emplace_back("variation.slow_nodes.slowdown", "2");
  Settings all = plan;
  all.emplace_back("variation.slow_nodes.fraction", "1");
  all.emplace_back("variation.slow_nodes.slowdown", "2");
  const Picoseconds alike = run(tiny_decoder, plan).timeline.makespan;
  const Picoseconds one_slow = run(tiny_decoder, slowed).timeline.makespan;
  CHECK(one_slow > alike);
  CHECK(one_slow <= run(tiny_decoder, all).timeline.makespan);
}

TEST_CASE("a shard group of one node keeps gathers inside nodes, and only its share crosses them", "[unit]") {
  const Run one = run(tiny_decoder, {{"cluster.gpus", "32"},
                                     {"training.global_batch", "32"},
                                     {"stack", "pytorch-fsdp-2023"},
                                     {"parallel.zero", "3"},
                                     {"parallel.shard_group", "8"}});
  for (const Step* step : steps_named(one, "unit gather")) CHECK(step->use == StepUse::NodeTransfer);
  for (const Step* step : steps_named(one, "gradient reduction")) CHECK(step->use == StepUse::NodeTransfer);
  const std::vector<const Step*> across = steps_named(one, "gradient reduction across shard groups");
  REQUIRE(across.size() == 16 + 1);  // blocks and root
  for (const Step* step : across) CHECK(step->use == StepUse::NetworkTransfer);
}

TEST_CASE("sharding fits a two-tower model as well", "[property]") {
  const std::string zero = GENERATE("0", "1", "2", "3");
  CAPTURE(zero);
  const Run one = run(small_clip, {{"stack", "deepspeed-2023"}, {"parallel.zero", zero}});
  CHECK(one.result.memory.peak <= run(small_clip, {{"stack", "deepspeed-2023"}}).result.memory.peak);
  const std::size_t blocks = 24 + 12;
  CHECK(steps_named(one, "unit gather").size() == (zero == "3" ? 2 * blocks : 0));
}

TEST_CASE("sharding and context plans that cannot exist are refused with the rule and both values", "[unit]") {
  struct Case {
    Settings settings;
    std::string message;
  };
  const std::vector<Case> cases{
      {{{"parallel.zero", "4"}}, "ZeRO has stages 0 to 3, got 4"},
      {{{"parallel.fsdp.forward_prefetch", "1"}}, "fsdp: belongs to zero 3, got zero 0"},
      {{{"parallel.zero", "3"}, {"parallel.fsdp.forward_prefetch", "65"}}, "expected at most 64 units, got 65"},
      {{{"parallel.zero", "3"}, {"parallel.fsdp.reshard", "true"}}, "parallel.fsdp.reshard: unknown key"},
      {{{"parallel.shard_group", "2"}}, "zero 0 shards nothing: expected no shard_group, got 2"},
      {{{"cluster.gpus", "8"}, {"parallel.zero", "1"}, {"parallel.shard_group", "3"}},
       "3 does not divide the ranks that reduce gradients (data x context = 8 x 1)"},
      {{{"cluster.gpus", "8"}, {"parallel.zero", "2"}, {"parallel.pipeline", "2"}}, "ZeRO-2 with pipeline 2 is not modelled"},
      {{{"cluster.gpus", "8"}, {"parallel.zero", "3"}, {"parallel.pipeline", "2"}}, "ZeRO-3 with pipeline 2 is not modelled"},
      {{{"stack", "pytorch-fsdp-2023"}}, "stack pytorch-fsdp-2023 shards parameters: expected 3"},
      {{{"cluster.gpus", "3"}, {"parallel.context", "3"}}, "2 x context (6) does not divide training.sequence_length (512)"},
      {{{"cluster.gpus", "8"},
        {"parallel.tensor", "4"},
        {"parallel.sequence", "true"},
        {"parallel.context", "2"},
        {"training.sequence_length", "520"}},
       "2 x context x tensor (16) does not divide training.sequence_length (520)"},
      {{{"cluster.gpus", "16"}, {"parallel.context", "16"}, {"parallel.context_exchange", "all-to-all"}},
       "context (16) does not divide heads / tensor (8) and kv_heads / tensor (8)"},
      {{{"parallel.context_exchange", "ring"}}, "there is nothing to exchange: context is 1"},
      {{{"cluster.gpus", "8"}, {"parallel.context", "2"}, {"techniques.flash_attention", "false"}}, "needs flash attention"},
      {{{"cluster.gpus", "8"}, {"parallel.context", "2"}, {"techniques.sliding_window", "64"}},
       "context 2 with a sliding window is not modelled"},
      {{{"cluster.gpus", "8"},
        {"parallel.context", "2"},
        {"variation.slow_nodes.fraction", "1"},
        {"variation.slow_nodes.slowdown", "2"}},
       "context 2 with ranks that vary is not modelled"},
      {{{"cluster.gpus", "12"}, {"cluster.gpus_per_node", "4"}, {"parallel.context", "8"}},
       "tensor x pipeline x context (1 x 1 x 8) does not divide cluster.gpus (12)"},
      {{{"training.parameters", "fp16"}}, "fp16 parameters cannot be multiplied in precision bf16"},
      {{{"training.parameters", "fp32"}, {"training.master_weights", "fp32"}}, "expected none, got fp32"},
      {{{"training.moments", "fp8"}}, "expected one of fp32, bf16, fp16, got 'fp8'"},
  };
  for (const Case& wrong : cases) {
    CAPTURE(text_of(wrong.settings));
    CHECK_THAT(refusal_of(tiny_decoder, wrong.settings), ContainsSubstring(wrong.message));
  }
  CHECK_THAT(refusal_of(small_clip, {{"parallel.context", "2"}}),
             ContainsSubstring("context parallelism of two-tower models is not modelled, got 2"));
}

TEST_CASE("eager kernels keep what the framework's own operations keep", "[unit]") {
  // Llama-like block of hidden size h and MLP size f, in bytes a token: two norms keep an fp32 input (4) and a 16-bit normalised
  // value (2) where a fused one keeps 2; the gated activation its activated gate (2 f). The final norm is one more.
  const std::string llama = R"(
model: {kind: decoder, layers: 16, hidden_size: 1024, heads: 8, kv_heads: 8, mlp_size: 2816, mlp: swiglu, vocabulary: 4096}
cluster: {gpu: a100-sxm4-80gb, gpus: 1}
training: {global_batch: 1, sequence_length: 512, precision: bf16}
stack: megatron-core-2024
)";
  const double eager = part(run(llama, {{"techniques.fused_operators", "false"}}).result, "activations");
  const double fused = part(run(llama).result, "activations");
  CHECK_THAT(eager - fused, WithinRel(512 * (16 * (2 * 4 * 1024.0 + 2 * 2816) + 4 * 1024), 1e-12));
}

TEST_CASE("autocast keeps 16-bit copies of the weights it multiplied, and PyTorch's buckets hold the gradients once more",
          "[unit]") {
  const Run one = run(tiny_decoder, {{"stack", "pytorch-ddp-2024"}, {"cluster.gpus", "8"}});
  const double h = 1024;
  const double linears = 16 * (12 * h * h + 9 * h) + 4096 * h;  // with their biases, and the logits
  CHECK_THAT(part(one.result, "gathered_weights"), WithinRel(2 * linears, 1e-12));
  CHECK(part(one.result, "reduction_buffers") == part(one.result, "gradients"));
  CHECK(part(run(tiny_decoder, {{"stack", "pytorch-ddp-2024"}}).result, "reduction_buffers") == 0);
}
