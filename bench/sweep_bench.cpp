// SPDX-License-Identifier: Apache-2.0
// Rates of a sweep over a whole space, in configurations a second of one thread's processor time, and what threads gain.
// Run from the root.
#include "sim/scenario_document.hpp"
#include "study/sweep.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace mfusim;

SweepSpace megatron_space() {
  const std::filesystem::path path = "scenarios/sweep-175b-a100x1024.yaml";
  return read_sweep_space(load_scenario_document(path).root, path, Limited::No);
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
}

void sweep(benchmark::State& state, Pruning pruning, int jobs) {
  const SweepSpace space = megatron_space();
  SweepOptions options;
  options.pruning = pruning;
  options.jobs = jobs;
  SweepAnswer answer;
  for (auto _ : state) answer = run_sweep(space, options, nullptr);
  count_rates(state, answer);
}

BENCHMARK_CAPTURE(sweep, pruned, Pruning::On, 1)->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK_CAPTURE(sweep, exhaustive, Pruning::Off, 1)->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK_CAPTURE(sweep, pruned_two_threads, Pruning::On, 2)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();
BENCHMARK_CAPTURE(sweep, exhaustive_two_threads, Pruning::Off, 2)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
