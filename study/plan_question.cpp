// SPDX-License-Identifier: Apache-2.0
#include "study/plan_question.hpp"

#include "base/nearest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace mfusim {
namespace {

void check_axis(const SweepSpace& space, const std::string& axis) {
  std::vector<std::string> paths;
  for (const SweepAxis& each : space.axes) paths.push_back(each.path);
  if (std::find(paths.begin(), paths.end(), axis) != paths.end()) return;
  const std::string near = suggestion(axis, paths);
  const std::string hint = near.empty() ? fmt::format("; --axis asks about another: {}", fmt::join(paths, ", ")) : near;
  throw InputError(fmt::format("{}: sweep.axes: the question needs an axis '{}'{}", space.name, shown(axis), hint));
}

/// Rates are compared in samples, which say nothing about tokens where they differ in length.
void check_tokens(const SweepSpace& space, const PlanQuestion& question) {
  const char* const length = "training.sequence_length";
  const auto is_length = [&](const SweepAxis& axis) { return axis.path == length; };
  if (question.tokens > 0 && question.axis != length && std::any_of(space.axes.begin(), space.axes.end(), is_length))
    throw InputError(
        fmt::format("--tokens: samples of the axis {0} differ in length: ask --axis {0}, or give --samples", length));
}

double samples_of(const SweepSpace& space, const PlanQuestion& question, std::int64_t configuration) {
  if (question.tokens == 0) return question.samples;
  const Scenario scenario = read_scenario(configuration_document(space, configuration), space.folder, space.name);
  if (!scenario.training.sequence_length || is_contrastive(scenario.model))
    throw InputError("--tokens: counts those of a language model; give --samples");
  return question.tokens / static_cast<double>(*scenario.training.sequence_length);
}

PlanRow row_of(const SweepSpace& space, const PlanQuestion& question, const AxisEffect& effect) {
  PlanRow row{effect.value, std::nullopt, std::nullopt, std::nullopt, effect.best.has_value()};
  if (!effect.best) return row;
  row.best = ranked(space, *effect.best);
  if (const double samples = samples_of(space, question, effect.best->index); samples > 0) {
    constexpr double seconds_a_day = 86400;
    constexpr double million = 1e6;
    row.days = samples / samples_per_s(*effect.best) / seconds_a_day;
    if (row.best->cost) row.cost = *row.best->cost * samples / million;
  }
  if (question.days) row.enough = row.days && *row.days <= *question.days;
  return row;
}

}  // namespace

PlanAnswer answer_plan(SweepSpace space, const PlanQuestion& question, const SweepOptions& options,
                       const SweepProgress& progress) {
  check_axis(space, question.axis);
  check_tokens(space, question);
  space.objective = Objective::Throughput;
  space.front.clear();
  const SweepAnswer sweep = run_sweep(space, options, nullptr, progress);
  PlanAnswer answer;
  answer.question = question;
  answer.scenario = space.name;
  answer.axes = sweep.axes;
  for (const AxisEffect& effect : sweep.effects) {
    if (effect.path == question.axis) answer.rows.push_back(row_of(space, question, effect));
  }
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    if (!answer.rows[i].enough) continue;
    if (!answer.smallest) answer.smallest = i;
    answer.largest = i;
    const bool cheaper = answer.rows[i].cost && (!answer.cheapest || *answer.rows[i].cost < *answer.rows[*answer.cheapest].cost);
    if (cheaper) answer.cheapest = i;
  }
  return answer;
}

}  // namespace mfusim
