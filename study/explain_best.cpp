// SPDX-License-Identifier: Apache-2.0
#include "study/explain_best.hpp"

#include "study/launch_arguments.hpp"

#include <fmt/format.h>

#include <future>
#include <utility>

namespace mfusim {

Scenario scenario_at(const SweepSpace& space, std::int64_t index) {
  return read_scenario(configuration_document(space, index), space.folder, fmt::format("configuration {}", index));
}

void explain_best(const SweepSpace& space, Launch launch, SweepAnswer& answer) {
  if (answer.best.empty()) return;
  const std::int64_t best = answer.best.front().row.index;
  if (answer.best.size() > 1) {
    const std::int64_t second = answer.best[1].row.index;
    // both at once: at the end of a sweep nothing else runs
    std::future<Result> of_second = std::async(std::launch::async, [&] { return result_of(scenario_at(space, second)); });
    Result of_best = result_of(scenario_at(space, best));
    answer.best_two = difference(std::move(of_best), configuration_document(space, best), of_second.get(),
                                 configuration_document(space, second));
  }
  if (launch == Launch::No) return;
  try {
    answer.launch = launch_arguments(scenario_at(space, best));
  } catch (const InputError& error) {
    answer.no_launch = error.what();
  }
}

}  // namespace mfusim
