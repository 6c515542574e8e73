// SPDX-License-Identifier: Apache-2.0
// One step folded and unfolded, and the evaluation of single configurations as a sweep asks for them. Run from the root.
#include "base/document.hpp"
#include "base/input_error.hpp"
#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/evaluate.hpp"
#include "sim/fold.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <vector>

namespace {

using namespace mfusim;

const char* const megatron = "scenarios/megascale-175b-megatron.yaml";
const char* const megascale = "scenarios/megascale-175b-megascale.yaml";

void record(benchmark::State& state, const char* file) {
  const Scenario scenario = load_scenario(file);
  const Work<Count> work = micro_batch_work(scenario);
  for (auto _ : state) benchmark::DoNotOptimize(record_step(scenario, work));
}

void folded(benchmark::State& state, const char* file) {
  const Scenario scenario = load_scenario(file);
  const StepGraph step = record_step(scenario, micro_batch_work(scenario));
  std::size_t simulated = 0;
  for (auto _ : state) simulated = fold(step, scenario).value_or(Folded{}).simulated_tasks;
  state.counters["tasks"] = static_cast<double>(step.record().tasks);
  state.counters["simulated"] = static_cast<double>(simulated);
}

/// Written down with as few micro-batches as show how it goes on, and folded.
void folded_step(benchmark::State& state, const char* file) {
  const Scenario scenario = load_scenario(file);
  const Work<Count> work = micro_batch_work(scenario);
  Folded folded;
  for (auto _ : state) folded = fold_step(scenario, work).value_or(Folded{});
  state.counters["passes"] = static_cast<double>(folded.groups);
  state.counters["simulated"] = static_cast<double>(folded.simulated_tasks);
  state.counters["periods_skipped"] = static_cast<double>(folded.periods_skipped);
}

void unfolded(benchmark::State& state, const char* file) {
  const Scenario scenario = load_scenario(file);
  const BuiltStep step = build_step(scenario, micro_batch_work(scenario));
  for (auto _ : state) benchmark::DoNotOptimize(simulate(step.graph));
  state.counters["tasks"] = static_cast<double>(step.graph.size());
}

/// Plans that a search over 1024 GPUs looks at: 175B, batch 1536, both stacks; what does not divide is no plan.
std::vector<Scenario> plans_of_1024_gpus() {
  std::vector<Scenario> plans;
  for (const char* file : {megatron, megascale}) {
    for (const char* tensor : {"2", "4", "8"}) {
      for (const char* pipeline : {"1", "2", "4", "8", "16"}) {
        for (const char* chunks : {"1", "2", "3", "6"}) {
          for (const char* micro_batch : {"1", "2", "4"}) {
            const bool interleaved = *chunks != '1';
            try {
              plans.push_back(load_scenario(file, {{"cluster.gpus", "1024"},
                                                   {"training.global_batch", "1536"},
                                                   {"training.micro_batch", micro_batch},
                                                   {"parallel.tensor", tensor},
                                                   {"parallel.pipeline", pipeline},
                                                   {"parallel.virtual_stages", chunks},
                                                   {"parallel.schedule", interleaved ? "interleaved-1f1b" : "1f1b"}}));
            } catch (const InputError&) {
              continue;
            }
          }
        }
      }
    }
  }
  return plans;
}

/// The whole space, one evaluation each; the counters hold the spread over its plans.
void evaluate_space(benchmark::State& state) {
  const std::vector<Scenario> plans = plans_of_1024_gpus();
  std::vector<double> best(plans.size(), 1e9);
  for (auto _ : state) {
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const std::clock_t start = std::clock();  // processor time: other work on the core does not count
      benchmark::DoNotOptimize(evaluate(plans[i]));
      best[i] = std::min(best[i], 1e6 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
  }
  std::sort(best.begin(), best.end());
  state.counters["plans"] = static_cast<double>(plans.size());
  state.counters["median_us"] = best[best.size() / 2];
  state.counters["p90_us"] = best[best.size() * 9 / 10];
  state.counters["max_us"] = best.back();
}

BENCHMARK_CAPTURE(record, megatron, megatron)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(folded, megatron, megatron)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(folded_step, megatron, megatron)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(unfolded, megatron, megatron)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(record, megascale, megascale)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(folded, megascale, megascale)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(folded_step, megascale, megascale)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(unfolded, megascale, megascale)->Unit(benchmark::kMicrosecond);
BENCHMARK(evaluate_space)->Unit(benchmark::kMillisecond)->Iterations(5);

}  // namespace

BENCHMARK_MAIN();
