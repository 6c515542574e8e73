// SPDX-License-Identifier: Apache-2.0
#include "study/explain_best.hpp"

#include "sim/build_step.hpp"
#include "study/launch_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

namespace mfusim {

Scenario scenario_at(const SweepSpace& space, std::int64_t index) {
  return read_scenario(configuration_document(space, index), space.folder, fmt::format("configuration {}", index));
}

namespace {

/// Tasks of a step, about.
double tasks_of(const Scenario& scenario) {
  double operators = 0;
  for (const Tower<Count>& tower : micro_batch_work(scenario).towers) {
    for (const LayerGroup<Count>& group : tower.groups)
      operators += static_cast<double>(group.layer.operators.size()) * group.repeat.as_double();
  }
  constexpr double tasks_an_operator = 4;  // forward, two gradients, an exchange
  return operators * tasks_an_operator * static_cast<double>(scenario.parallel.micro_batches);
}

/// More take minutes and gigabytes to simulate one by one.
constexpr double most_tasks = 2e7;

Difference difference_of(const SweepSpace& space, const Scenario& best, std::int64_t best_at, const Scenario& second,
                         std::int64_t second_at) {
  // both at once: at the end of a sweep nothing else runs
  std::future<Result> of_second = std::async(std::launch::async, [&] { return result_of(second); });
  Result of_best = result_of(best);
  return difference(std::move(of_best), configuration_document(space, best_at), of_second.get(),
                    configuration_document(space, second_at));
}

void compare_best_two(const SweepSpace& space, SweepAnswer& answer) {
  const std::int64_t best_at = answer.best[0].row.index;
  const std::int64_t second_at = answer.best[1].row.index;
  const Scenario best = scenario_at(space, best_at);
  const Scenario second = scenario_at(space, second_at);
  const double tasks = std::max(tasks_of(best), tasks_of(second));
  if (tasks <= most_tasks) {
    answer.best_two = difference_of(space, best, best_at, second, second_at);
  } else {
    answer.no_best_two =
        fmt::format("a step has {:.1g} tasks, more than {:.0g} are not simulated one by one here", tasks, most_tasks);
  }
}

}  // namespace

void explain_best(const SweepSpace& space, Launch launch, SweepAnswer& answer) {
  if (answer.best.empty()) return;
  const std::int64_t best = answer.best.front().row.index;
  if (answer.best.size() > 1) compare_best_two(space, answer);
  if (launch == Launch::No) return;
  try {
    answer.launch = launch_arguments(scenario_at(space, best));
  } catch (const InputError& error) {
    answer.no_launch = error.what();
  }
}

}  // namespace mfusim
