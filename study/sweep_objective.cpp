// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_objective.hpp"

#include <stdexcept>

namespace mfusim {

const std::vector<std::pair<std::string, Objective>>& objective_names() {
  static const std::vector<std::pair<std::string, Objective>> names{{"step_time", Objective::StepTime},
                                                                    {"mfu", Objective::Mfu},
                                                                    {"samples_per_s", Objective::Throughput},
                                                                    {"samples_per_gpu_hour", Objective::ThroughputPerGpu},
                                                                    {"cost", Objective::Cost},
                                                                    {"gpus", Objective::Gpus},
                                                                    {"memory_headroom", Objective::MemoryHeadroom}};
  return names;
}

std::string to_string(Objective objective) {
  for (const auto& [name, value] : objective_names()) {
    if (value == objective) return name;
  }
  throw std::logic_error("an objective without a name");
}

double cost_per_million_samples(const SweepRow& row, const Prices& prices) {
  const auto price = prices.find(row.gpu);
  if (price == prices.end()) throw std::logic_error("no price for " + row.gpu);
  constexpr double seconds_an_hour = 3600;
  return price->second * row.gpus / seconds_an_hour / samples_per_s(row) * 1e6;
}

double score_of(Objective objective, const SweepRow& row, const Prices& prices) {
  switch (objective) {
    case Objective::StepTime:
      return to_seconds(row.iteration_time).count();
    case Objective::Mfu:
      return -row.mfu;
    case Objective::Throughput:
      return -samples_per_s(row);
    case Objective::ThroughputPerGpu:
      return -samples_per_s(row) / row.gpus;
    case Objective::Cost:
      return cost_per_million_samples(row, prices);
    case Objective::Gpus:
      return row.gpus;
    case Objective::MemoryHeadroom:
      return (row.peak - row.capacity).value();
  }
  throw std::logic_error("unhandled Objective");
}

}  // namespace mfusim
