// SPDX-License-Identifier: Apache-2.0
#include "study/plan_question.hpp"

#include "base/nearest.hpp"
#include "study/sweep_constraints.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace mfusim {
namespace {

constexpr const char* sequence_length_key = "training.sequence_length";

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
  const char* const length = sequence_length_key;
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

constexpr double seconds_a_day = 86400;

double days_of(double samples, const SweepRow& row) {
  return samples / samples_per_s(row) / seconds_a_day;
}

double cost_of(double samples, double cost_per_million) {
  constexpr double million = 1e6;
  return cost_per_million * samples / million;
}

PlanRow row_of(const SweepSpace& space, const PlanQuestion& question, const AxisEffect& effect) {
  PlanRow row{effect.value, std::nullopt, std::nullopt, std::nullopt, effect.best.has_value(), std::nullopt};
  if (!effect.best) return row;
  row.best = ranked(space, *effect.best);
  if (const double samples = samples_of(space, question, effect.best->index); samples > 0) {
    row.days = days_of(samples, *effect.best);
    if (row.best->cost) row.cost = cost_of(samples, *row.best->cost);
  }
  if (question.days) row.enough = row.days && *row.days <= *question.days;
  return row;
}

bool has_prices(const SweepSpace& space) {
  const std::vector<std::string> gpus = possible_values(space, "cluster.gpu");
  return !space.prices.empty() &&
         std::all_of(gpus.begin(), gpus.end(), [&](const std::string& gpu) { return space.prices.contains(gpu); });
}

/// Asks the space again, for the least cost with each value among what is in time. Samples of different lengths have no one rate.
void add_least_costs(SweepSpace space, SweepOptions options, const SweepProgress& progress, PlanAnswer& answer) {
  const PlanQuestion& question = answer.question;
  if (!answer.smallest || !has_prices(space) || question.axis == sequence_length_key) return;
  const double samples = samples_of(space, question, answer.rows[*answer.smallest].best->row.index);
  if (samples == 0) return;
  space.objective = Objective::Cost;
  if (question.days) options.where = fmt::format("samples_per_s >= {:.17g}", samples / (*question.days * seconds_a_day));
  const SweepAnswer sweep = run_sweep(space, options, nullptr, progress);
  auto row = answer.rows.begin();
  for (const AxisEffect& effect : sweep.effects) {
    if (effect.path != question.axis) continue;
    if (effect.best) {
      RankedRow best = ranked(space, *effect.best);
      const double cost = cost_of(samples, *best.cost);
      row->least_cost = LeastCost{.row = std::move(best), .cost = cost, .days = days_of(samples, *effect.best)};
    }
    ++row;
  }
}

std::optional<double> cost_of_row(const PlanRow& row) {
  return row.least_cost ? std::optional(row.least_cost->cost) : row.cost;
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
  answer.counts = sweep.counts;
  for (const AxisEffect& effect : sweep.effects) {
    if (effect.path == question.axis) answer.rows.push_back(row_of(space, question, effect));
  }
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    if (!answer.rows[i].enough) continue;
    if (!answer.smallest) answer.smallest = i;
    answer.largest = i;
  }
  add_least_costs(space, options, progress, answer);
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    const std::optional<double> cost = cost_of_row(answer.rows[i]);
    if (answer.rows[i].enough && cost && (!answer.cheapest || *cost < *cost_of_row(answer.rows[*answer.cheapest])))
      answer.cheapest = i;
  }
  return answer;
}

}  // namespace mfusim
