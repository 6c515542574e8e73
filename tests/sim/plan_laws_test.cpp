// SPDX-License-Identifier: Apache-2.0
#include "sim/evaluate.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

#include <functional>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

/// Reads `plan` with some of its keys changed.
Evaluation evaluation_of(Settings plan, const Settings& changed) {
  for (const auto& [key, value] : changed) {
    std::erase_if(plan, [&key = key](const auto& setting) { return setting.first == key; });
    plan.emplace_back(key, value);
  }
  return evaluate(scenario_of(tiny_decoder, plan));
}

const std::string& value_of(const Settings& plan, const std::string& key) {
  for (const auto& [name, value] : plan) {
    if (name == key) return value;
  }
  throw std::logic_error("a random plan says " + key);
}

std::string twice(const Settings& plan, const std::string& key) {
  return std::to_string(2 * std::stoll(value_of(plan, key)));
}

/// Plans of both kinds: with pipelines, and with sharded state or sequences.
void for_random_plans(std::uint64_t seed, int plans, const std::function<void(const Settings&)>& check) {
  Draw draw(seed);
  for (int i = 0; i < plans; ++i) {
    const Settings plan = i % 2 == 0 ? random_plan(draw) : random_sharded_plan(draw);
    CAPTURE(text_of(plan));
    check(plan);
  }
}

/// Rounding of a task to a picosecond, over the tasks of a step.
constexpr double rounding = 1e-9;

void check_no_less(const Evaluation& more, const Evaluation& less) {
  CHECK(more.iteration_time.count() >= less.iteration_time.count() * (1 - rounding));
  CHECK(more.allocated_memory >= less.allocated_memory);
  CHECK(more.model_flops >= less.model_flops);
}

}  // namespace

TEST_CASE("more work is never done in less time or memory: micro-batches, samples in each, layers", "[property]") {
  for_random_plans(31, 16, [](const Settings& plan) {
    const Evaluation base = evaluation_of(plan, {});
    const std::string batch = twice(plan, "training.global_batch");
    check_no_less(evaluation_of(plan, {{"training.global_batch", batch}}), base);
    check_no_less(evaluation_of(plan, {{"training.global_batch", batch}, {"training.micro_batch", "2"}}), base);
    check_no_less(evaluation_of(plan, {{"model.layers", "32"}}), base);
  });
}

TEST_CASE("twice the replicas with twice the batch are never faster where nothing is sharded, nor need less memory",
          "[property]") {
  for_random_plans(32, 16, [](const Settings& plan) {
    const Settings unsharded{{"parallel.zero", "0"}};
    Settings whole;
    for (const auto& setting : plan) {
      if (setting.first != "parallel.shard_group" && !setting.first.starts_with("parallel.fsdp")) whole.push_back(setting);
    }
    const Evaluation base = evaluation_of(whole, unsharded);
    const Evaluation twofold = evaluation_of(whole, {{"parallel.zero", "0"},
                                                     {"cluster.gpus", twice(plan, "cluster.gpus")},
                                                     {"training.global_batch", twice(plan, "training.global_batch")}});
    check_no_less(twofold, base);
    CHECK(twofold.model_flops == 2.0 * base.model_flops);
  });
}

TEST_CASE("whatever is computed again costs no less time and no more memory", "[property]") {
  for_random_plans(33, 16, [](const Settings& plan) {
    const Evaluation none = evaluation_of(plan, {{"parallel.recompute", "none"}});
    for (const char* recompute : {"selective", "full"}) {
      CAPTURE(recompute);
      const Evaluation again = evaluation_of(plan, {{"parallel.recompute", recompute}});
      CHECK(again.iteration_time.count() >= none.iteration_time.count() * (1 - rounding));
      CHECK(again.allocated_memory <= none.allocated_memory);
      CHECK(again.model_flops == none.model_flops);
    }
  });
}

TEST_CASE("a machine that is better in one thing is never slower: network, storage, host", "[property]") {
  for_random_plans(34, 16, [](const Settings& plan) {
    const std::string network = "{{nics_per_node: 4, bandwidth: {}, latency: {}}}";
    const auto with = [&](const char* bandwidth, const char* latency, const Settings& more) {
      Settings changed{{"cluster.network", fmt::format(fmt::runtime(network), bandwidth, latency)},
                       {"data.decode_per_node", "2000 samples/s"},
                       {"stack_settings.step_host_cost", "5 ms"}};
      changed.insert(changed.end(), more.begin(), more.end());
      return evaluation_of(plan, changed).iteration_time.count();
    };
    const double base = with("100 Gb/s", "20 us", {}) * (1 + rounding);
    CHECK(with("200 Gb/s", "20 us", {}) <= base);
    CHECK(with("100 Gb/s", "5 us", {}) <= base);
    CHECK(with("100 Gb/s", "20 us", {{"data.decode_per_node", "4000 samples/s"}}) <= base);
    CHECK(with("100 Gb/s", "20 us", {{"stack_settings.step_host_cost", "1 ms"}}) <= base);
  });
}
