// SPDX-License-Identifier: Apache-2.0
// Rates of a sweep over a whole space, in configurations a second of one thread's processor time, what threads gain, and the most
// memory that the program held until then (it does not grow from the first space to the second, seven times as large).
// Run from the root.
#include "sim/scenario_document.hpp"
#include "study/evaluate_configuration.hpp"
#include "study/sweep.hpp"

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <vector>

namespace {

using namespace mfusim;

const char* const megatron = "scenarios/sweep-175b-a100x1024.yaml";
const char* const large = "bench/large_space.yaml";

double most_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

void count_rates(benchmark::State& state, const SweepAnswer& answer) {
  const auto rate = [](std::int64_t number) {
    return benchmark::Counter(static_cast<double>(number), benchmark::Counter::kIsIterationInvariantRate);
  };
  const SweepCounts& counts = answer.counts;
  state.counters["simulated"] = static_cast<double>(counts.fits);
  state.counters["pruned"] = static_cast<double>(counts.pruned);
  state.counters["simulated_per_s"] = rate(counts.fits);
  state.counters["evaluated_per_s"] = rate(counts.all());
  state.counters["all_per_s"] = rate(answer.size);
  state.counters["memory_mb"] = most_memory_mb();
}

void sweep(benchmark::State& state, const char* path, Pruning pruning, int jobs) {
  const SweepSpace space = read_sweep_space(load_scenario_document(path).root, path, Limited::No);
  SweepOptions options;
  options.pruning = pruning;
  options.jobs = jobs;
  SweepAnswer answer;
  for (auto _ : state) answer = run_sweep(space, options, nullptr);
  count_rates(state, answer);
}

/// Each configuration of the 175B space that fits, as an exhaustive search asks for them: the counters hold the spread of what
/// one takes, with reading, rules, memory and step, in processor time.
void evaluate_each(benchmark::State& state) {
  const SweepSpace space = read_sweep_space(load_scenario_document(megatron).root, megatron, Limited::No);
  std::vector<double> taken_us;
  for (auto _ : state) {
    ConfigurationEvaluator evaluator(space);
    std::int64_t index = 0;
    while (index < space.size) {
      if (!evaluator.move_to(index)) {
        index = evaluator.next();
        continue;
      }
      const std::clock_t start = std::clock();
      const SweepRow row = evaluator.evaluate({});
      if (row.status == RowStatus::Fits) taken_us.push_back(1e6 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
      ++index;
    }
  }
  std::sort(taken_us.begin(), taken_us.end());
  state.counters["configurations"] = static_cast<double>(taken_us.size());
  state.counters["median_us"] = taken_us[taken_us.size() / 2];
  state.counters["p90_us"] = taken_us[taken_us.size() * 9 / 10];
  state.counters["max_us"] = taken_us.back();
}

BENCHMARK(evaluate_each)->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK_CAPTURE(sweep, pruned, megatron, Pruning::On, 1)->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK_CAPTURE(sweep, exhaustive, megatron, Pruning::Off, 1)->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK_CAPTURE(sweep, pruned_two_threads, megatron, Pruning::On, 2)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();
BENCHMARK_CAPTURE(sweep, exhaustive_two_threads, megatron, Pruning::Off, 2)
    ->Unit(benchmark::kSecond)
    ->Iterations(1)
    ->UseRealTime();
BENCHMARK_CAPTURE(sweep, large_two_threads, large, Pruning::On, 2)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
