// SPDX-License-Identifier: Apache-2.0
#include "sim/waterfall.hpp"

#include "sim/towers.hpp"

#include <cmath>

namespace mfusim {
namespace {

/// Matmul FLOPs that each simulated rank does outside recomputation.
std::vector<double> rank_flops(const BuiltStep& step) {
  std::vector<double> flops(static_cast<std::size_t>(step.ranks));
  for (const Task& task : step.graph.tasks) {
    const Step& what = step.steps[task.label];
    const bool counts = what.step_class == StepClass::Matmul || what.step_class == StepClass::Attention;
    if (counts) flops[static_cast<std::size_t>(rank_of(task.stream))] += what.flops.value();
  }
  return flops;
}

/// GPUs of the job behind a simulated rank, or equally many for all.
double weight_of(const Scenario& scenario, std::size_t rank) {
  return towers_apart(scenario) ? static_cast<double>(tower_view(scenario, rank).cluster.gpus) : 1.0;
}

/// How much less the mean GPU does than the critical rank; exactly zero where all do the same.
double below_critical(const Scenario& scenario, const std::vector<double>& flops, std::size_t critical) {
  double less = 0;
  double weights = 0;
  for (std::size_t rank = 0; rank < flops.size(); ++rank) {
    less += weight_of(scenario, rank) * (flops[critical] - flops[rank]);
    weights += weight_of(scenario, rank);
  }
  return less / weights;
}

}  // namespace

std::vector<std::pair<std::string, Seconds>> waterfall_of(const Scenario& scenario, const BuiltStep& step, const Result& result) {
  constexpr double rounding = 1e-12;  // the same operations, added up in another order
  const std::vector<double> flops = rank_flops(step);
  const auto critical = static_cast<std::size_t>(result.critical_rank);
  const Seconds ideal = result.model_flops / result.peak_per_gpu / result.gpus;
  const Seconds own = Flops(flops[critical]) / result.peak_per_gpu;
  const Seconds uneven = Flops(below_critical(scenario, flops, critical)) / result.peak_per_gpu;
  Seconds not_computed = own - uneven - ideal;
  if (std::abs(not_computed / ideal) < rounding) not_computed = Seconds{};
  Seconds kernels{};
  std::vector<std::pair<std::string, Seconds>> rest;
  for (const auto& [name, time] : result.breakdown) {
    if (name == "compute_matmul" || name == "compute_attention") {
      kernels += time;
    } else {
      rest.emplace_back(name, time);
    }
  }
  std::vector<std::pair<std::string, Seconds>> waterfall{{"ideal_at_peak", ideal},
                                                         {"counted_not_computed", not_computed},
                                                         {"uneven_stages", uneven},
                                                         {"kernel_inefficiency", kernels - own}};
  waterfall.insert(waterfall.end(), rest.begin(), rest.end());
  return waterfall;
}

}  // namespace mfusim
