// SPDX-License-Identifier: Apache-2.0
#include "sim/jitter_cost.hpp"

#include "sim/engine.hpp"
#include "sim/evaluate.hpp"
#include "sim/jitter.hpp"
#include "sim/steady_state.hpp"
#include "sim/step_size.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mfusim {
namespace {

Seconds time_without(Scenario scenario, const Work<Count>& work) {
  scenario.variation->jitter.reset();
  return to_seconds(step_time(scenario, work));
}

/// The time of each sample, in their order.
std::vector<Seconds> sample_times(const Scenario& scenario, const BuiltStep& step, Picoseconds first) {
  std::vector<Seconds> times{to_seconds(first)};
  const std::int64_t samples = scenario.variation->jitter->samples;
  if (samples == 1) return times;
  check_step_size(2 * step.graph.size(), "one sample of variation.jitter needs half of it");
  BuiltStep other = step;
  for (std::int64_t sample = 1; sample < samples; ++sample) {
    jitter_kernels(other, scenario, sample);
    const Timeline timeline = simulate(other.graph);
    times.push_back(
        to_seconds(scenario.parallel.post_validation ? without_barrier(other, timeline).makespan : timeline.makespan));
  }
  return times;
}

}  // namespace

Result::Jitter jitter_cost(const Scenario& scenario, const Work<Count>& work, const BuiltStep& step, Picoseconds first) {
  const std::vector<Seconds> times = sample_times(scenario, step, first);
  const auto samples = static_cast<double>(times.size());
  Seconds sum{};
  for (const Seconds time : times) sum += time;
  const Seconds mean = sum / samples;
  double squares = 0;
  for (const Seconds time : times) squares += (time - mean).count() * (time - mean).count();
  Result::Jitter cost{.samples = static_cast<std::int64_t>(times.size()),
                      .without = time_without(scenario, work),
                      .mean = mean,
                      .shortest = *std::min_element(times.begin(), times.end()),
                      .longest = *std::max_element(times.begin(), times.end())};
  if (times.size() > 1) cost.deviation = Seconds(std::sqrt(squares / (samples - 1)));
  return cost;
}

}  // namespace mfusim
