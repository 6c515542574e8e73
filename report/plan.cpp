// SPDX-License-Identifier: Apache-2.0
#include "report/plan.hpp"

#include "report/format.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <ostream>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

Cell cell_of(const std::optional<double>& value) {
  return value ? Cell(*value) : Cell();
}

json value_of(const PlanAnswer& answer, const std::optional<std::size_t>& row) {
  return row ? json(answer.rows[*row].value) : json();
}

json row_json(const PlanAnswer& answer, const PlanRow& row) {
  json object{{"value", row.value}, {"enough", row.enough}};
  if (row.best) {
    object["configuration"] = row.best->row.index;
    for (std::size_t i = 0; i < answer.axes.size(); ++i) object["axes"][answer.axes[i]] = row.best->values[i];
    object["iteration_time_s"] = to_seconds(row.best->row.iteration_time).count();
    object["samples_per_s"] = samples_per_s(row.best->row);
    object["mfu"] = row.best->row.mfu;
    object["gpus"] = row.best->row.gpus;
    object["peak_bytes"] = std::llround(row.best->row.peak.value());
    object["tight"] = is_tight(row.best->row);
  }
  if (row.days) object["days"] = *row.days;
  if (row.cost) object["cost"] = *row.cost;
  if (row.least_cost) {
    json& least = object["least_cost"];
    least = {{"cost", row.least_cost->cost}, {"days", row.least_cost->days}, {"configuration", row.least_cost->row.row.index}};
    for (std::size_t i = 0; i < answer.axes.size(); ++i) least["axes"][answer.axes[i]] = row.least_cost->row.values[i];
  }
  return object;
}

/// What the best configuration of a value has beside it.
std::vector<std::size_t> other_axes(const PlanAnswer& answer) {
  std::vector<std::size_t> axes;
  for (std::size_t i = 0; i < answer.axes.size(); ++i) {
    if (answer.axes[i] != answer.question.axis) axes.push_back(i);
  }
  return axes;
}

}  // namespace

Grid plan_grid(const PlanAnswer& answer) {
  Grid grid{{{"value", answer.question.axis},
             {"enough", "enough"},
             {"days", "days"},
             {"cost", "cost"},
             {"least_cost", "least cost"},
             {"iteration_time_s", "step s"},
             {"samples_per_s", "samples/s"},
             {"mfu", "MFU", 3},
             {"gpus", "GPUs"},
             {"peak_gb", "memory GB", 3},
             {"tight", "tight"},
             {"configuration", "#"}},
            {}};
  const std::vector<std::size_t> others = other_axes(answer);
  for (const std::size_t axis : others)
    grid.columns.push_back({answer.axes[axis], answer.axes[axis].substr(answer.axes[axis].rfind('.') + 1)});
  for (const PlanRow& row : answer.rows) {
    const auto of_best = [&](auto number) { return row.best ? Cell(number(row.best->row)) : Cell(); };
    grid.rows.push_back({row.value, std::string(row.enough ? "yes" : "no"), cell_of(row.days), cell_of(row.cost),
                         row.least_cost ? Cell(row.least_cost->cost) : Cell(),
                         of_best([](const SweepRow& best) { return to_seconds(best.iteration_time).count(); }),
                         of_best([](const SweepRow& best) { return samples_per_s(best); }),
                         of_best([](const SweepRow& best) { return best.mfu; }),
                         of_best([](const SweepRow& best) { return std::int64_t{best.gpus}; }),
                         of_best([](const SweepRow& best) { return best.peak.value() / 1e9; }),
                         row.best && is_tight(row.best->row) ? Cell("tight") : Cell(),
                         of_best([](const SweepRow& best) { return best.index; })});
    for (const std::size_t axis : others) grid.rows.back().push_back(row.best ? Cell(row.best->values[axis]) : Cell());
  }
  return grid;
}

namespace {

/// Why values have no plan, where some have none.
void write_values_without(std::ostream& out, const PlanAnswer& answer) {
  std::vector<std::string> values;
  for (const PlanRow& row : answer.rows) {
    if (!row.best) values.push_back(row.value);
  }
  if (values.empty()) return;
  const SweepCounts& counts = answer.counts;
  out << fmt::format("\nno plan with {}: of all configurations {} are too large for the GPU's memory, {} break a rule\n",
                     fmt::join(values, ", "), show_count(counts.too_large), show_count(counts.invalid));
  for (const auto& [key, rows] : counts.invalid_by_key) out << fmt::format("  {} by {}\n", show_count(rows.count), rows.reason);
}

}  // namespace

void write_table(std::ostream& out, const PlanAnswer& answer) {
  write_table(out, plan_grid(answer));
  write_values_without(out, answer);
  out << '\n';
  if (!answer.smallest) {
    out << "none is enough\n";
    return;
  }
  out << fmt::format("first that is enough   {}\nlast that is enough    {}\n", answer.rows[*answer.smallest].value,
                     answer.rows[*answer.largest].value);
  if (answer.cheapest) {
    const PlanRow& row = answer.rows[*answer.cheapest];
    const std::string how = row.least_cost
                                ? fmt::format(" (configuration {}: {:.6g} in {:.3g} days)", row.least_cost->row.row.index,
                                              row.least_cost->cost, row.least_cost->days)
                                : "";
    out << fmt::format("cheapest               {}{}\n", row.value, how);
  }
}

void write_json(std::ostream& out, const PlanAnswer& answer) {
  json document{{"scenario", answer.scenario}, {"axis", answer.question.axis}};
  if (answer.question.samples > 0) document["samples"] = answer.question.samples;
  if (answer.question.tokens > 0) document["tokens"] = answer.question.tokens;
  if (answer.question.days) document["most_days"] = *answer.question.days;
  document["first_enough"] = value_of(answer, answer.smallest);
  document["last_enough"] = value_of(answer, answer.largest);
  document["cheapest"] = value_of(answer, answer.cheapest);
  document["rows"] = json::array();
  for (const PlanRow& row : answer.rows) document["rows"].push_back(row_json(answer, row));
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

}  // namespace mfusim
