// SPDX-License-Identifier: Apache-2.0
#include "sim/placement.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

constexpr double hidden = 1024;
constexpr double layers = 16;
constexpr double sequence = 512;
constexpr double vocabulary = 4096;

/// Bytes that a rank sends in steps whose name contains `part`.
double sent(const Run& run, const std::string& part) {
  double total = 0;
  for (const Task& task : run.step.graph.tasks) {
    const Step& step = run.step.steps[task.label];
    if (step.name.find(part) != std::string::npos) total += step.bytes.value();
  }
  return total;
}

double sent(const Run& run, StepClass step_class) {
  double total = 0;
  for (const Task& task : run.step.graph.tasks) {
    const Step& step = run.step.steps[task.label];
    if (step.step_class == step_class && step.name != "gradient norm reduction") total += step.bytes.value();
  }
  return total;
}

double ring(double ranks) {
  return (ranks - 1) / ranks;
}

/// Parameters of one tensor rank of tiny_decoder: what the columns and rows cut, and what is whole.
double block_parameters(double tensor) {
  return (12 * hidden * hidden + 7 * hidden) / tensor + 6 * hidden;
}
double root_parameters(double tensor) {
  return vocabulary * hidden / tensor + sequence * hidden + 2 * hidden;
}

}  // namespace

TEST_CASE("bytes of data parallelism follow the closed forms of ZeRO, over random plans", "[property]") {
  // Rajbhandari et al. 2020, arXiv:1910.02054, section 7: with gradients and weights of one size, 2 Psi for stages 0 to 2 and
  // 3 Psi for stage 3. Here: blocks B, root unit R, s shards, r replicas of them, m micro-batches.
  constexpr int plans = 80;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(seed));
    const Settings plan = random_sharded_plan(draw);
    CAPTURE(seed, text_of(plan));
    const Run one = run(tiny_decoder, plan);
    const ParallelPlan& parallel = one.scenario.parallel;
    const double all = gradient_ranks(parallel);
    const double s = parallel.shard_group;
    const double r = all / s;
    const double m = static_cast<double>(parallel.micro_batches);
    const double blocks = layers * block_parameters(parallel.tensor);
    const double root = root_parameters(parallel.tensor);
    const double gradient = size_of(one.scenario.training.state.reduction).value();
    const double sharded_reduction = ring(s) + 2 * ring(r) / s;
    const double reductions = parallel.zero == 0 ? 2 * ring(all) : (parallel.zero == 1 ? 1 : m) * sharded_reduction;
    CHECK_THAT(sent(one, "gradient reduction"), WithinRel(reductions * gradient * (blocks + root), 1e-9));
    const double passes = parallel.sharding.reshard_after_forward ? 2 : 1;
    const double gathered = parallel.zero == 3 ? m * (passes * blocks + root) : (parallel.zero == 0 ? 0 : blocks + root);
    CHECK_THAT(sent(one, " gather"), WithinRel(ring(s) * 2 * gathered, 1e-9));
  }
}

TEST_CASE("fully sharded parameters move 3 Psi, twice gathered and once reduced, less one gather of the root", "[published]") {
  // Rajbhandari et al. 2020, section 7.2.2. PyTorch FSDP keeps the root unit from forward to backward.
  const Settings plan{{"cluster.gpus", "16"}, {"parallel.zero", "3"}, {"training.gradient_reduction", "bf16"}};
  const double psi = 2 * (layers * block_parameters(1) + root_parameters(1));  // bytes
  CHECK_THAT(sent(run(tiny_decoder, plan), StepClass::DataCommunication),
             WithinRel(ring(16) * (3 * psi - 2 * root_parameters(1)), 1e-9));
}

TEST_CASE("gradients of flat units are joined, converted to what is sent, and divided where four ranks or more sum them",
          "[unit]") {
  // PyTorch's FSDP, _runtime_utils.py: read and written in 16 bit; 2 bytes to 4; 4 (or 2) read and written in place.
  struct Case {
    std::string gpus, reduction;
    double converted;  // bytes a gradient
  };
  const Case one = GENERATE(Case{"16", "fp32", 2 + 4 + 2 * 4}, Case{"16", "bf16", 2 * 2}, Case{"2", "fp32", 2 + 4});
  CAPTURE(one.gpus, one.reduction);
  const Run fsdp = run(tiny_decoder, {{"cluster.gpus", one.gpus},
                                      {"stack", "pytorch-fsdp-2023"},
                                      {"parallel.zero", "3"},
                                      {"training.gradient_reduction", one.reduction}});
  const double passes = static_cast<double>(fsdp.scenario.parallel.micro_batches);
  const double gradients = passes * (layers * block_parameters(1) + root_parameters(1));
  CHECK_THAT(sent(fsdp, "gradient flattening"), WithinRel(2 * 2 * gradients, 1e-9));
  CHECK_THAT(sent(fsdp, "gradient conversion"), WithinRel(one.converted * gradients, 1e-9));
}

TEST_CASE("sequence parallelism sends in the forward pass what tensor parallelism alone sends", "[published]") {
  // Korthikanti et al. 2022, arXiv:2205.05198, section 4.2.2: an all-reduce is a reduce-scatter and an all-gather.
  const std::string tensor = GENERATE("2", "4", "8");
  const std::string context = GENERATE("1", "2");
  CAPTURE(tensor, context);
  const auto forward = [&](const std::string& with_sequence) {
    const Run one = run(tiny_decoder, {{"cluster.gpus", "16"},
                                       {"stack", "pytorch-ddp-2024"},
                                       {"parallel.tensor", tensor},
                                       {"parallel.context", context},
                                       {"parallel.sequence", with_sequence}});
    double total = 0;
    for (const Task& task : one.step.graph.tasks) {
      const Step& step = one.step.steps[task.label];
      const bool counts =
          step.step_class == StepClass::TensorCommunication && step.name.starts_with("block.") && step.name.ends_with("forward");
      if (counts) total += step.bytes.value();
    }
    return total / static_cast<double>(one.scenario.parallel.micro_batches);
  };
  const double t = std::stod(tensor);
  const double tensor_bytes = 2 * sequence * hidden / std::stod(context);
  CHECK_THAT(forward("false"), WithinRel(layers * 2 * 2 * ring(t) * tensor_bytes, 1e-9));  // two all-reduces a layer
  CHECK_THAT(forward("true"), WithinRel(forward("false"), 1e-9));
}

TEST_CASE("bytes of context parallelism follow the closed forms of ring attention and Ulysses, over random plans", "[property]") {
  // Ring: keys and values pass c-1 ranks forward; backward they pass again, and their gradients. Ulysses (arXiv:2309.14509,
  // section 3.2): four exchanges each way, (c-1)/c of the local queries, keys, values and output.
  constexpr int plans = 60;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(1000 + seed));
    const double c = draw.one_of<int>({2, 4, 8});
    const double t = draw.one_of<int>({1, 2});
    const double kv_heads = draw.one_of<int>({8, 16});
    const double micro_batch = draw.one_of<int>({1, 2});
    const std::string exchange = draw.one_of<std::string>({"ring", "all-to-all", "all-gather"});
    const Settings plan{{"model.heads", "16"},
                        {"model.kv_heads", fmt::format("{}", kv_heads * (exchange == "all-to-all" ? t : 1))},
                        {"stack", "pytorch-ddp-2024"},
                        {"cluster.gpus", "32"},
                        {"training.micro_batch", fmt::format("{}", micro_batch)},
                        {"training.global_batch", "64"},
                        {"parallel.tensor", fmt::format("{}", t)},
                        {"parallel.context", fmt::format("{}", c)},
                        {"parallel.context_exchange", exchange}};
    if (exchange == "all-to-all" && kv_heads * t > 16) continue;
    CAPTURE(seed, text_of(plan));
    const Run one = run(tiny_decoder, plan);
    const double local = 2 * micro_batch * sequence / c;  // bytes of one value of each local token
    const double queries = hidden / t;
    const double keys = hidden / t * std::stod(plan[1].second) / 16;
    const double forward = exchange == "ring"         ? (c - 1) * 2 * local * keys
                           : exchange == "all-to-all" ? ring(c) * local * 2 * (queries + keys)
                                                      : ring(c) * 2 * c * local * keys;
    const double both = exchange == "all-to-all" ? 2 : 3;
    const double passes = layers * static_cast<double>(one.scenario.parallel.micro_batches);
    CHECK_THAT(sent(one, StepClass::ContextCommunication), WithinRel(passes * both * forward, 1e-9));
  }
}

TEST_CASE("a rank without partners sends nothing, whatever is sharded", "[property]") {
  const std::string zero = GENERATE("0", "1", "2", "3");
  CAPTURE(zero);
  const Run one = run(tiny_decoder, {{"cluster.gpus", "1"}, {"parallel.zero", zero}});
  CHECK(sent(one, StepClass::DataCommunication) == 0);
  CHECK(sent(one, StepClass::ContextCommunication) == 0);
}
