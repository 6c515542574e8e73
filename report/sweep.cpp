// SPDX-License-Identifier: Apache-2.0
#include "report/sweep.hpp"

#include "report/difference.hpp"
#include "report/format.hpp"
#include "report/plan_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <ostream>
#include <sstream>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

json row_json(const SweepAnswer& answer, const RankedRow& ranked) {
  const SweepRow& row = ranked.row;
  json axes = json::object();
  for (std::size_t i = 0; i < answer.axes.size(); ++i) axes[answer.axes[i]] = ranked.values[i];
  json object{{"configuration", row.index},
              {"axes", axes},
              {"iteration_time_s", to_seconds(row.iteration_time).count()},
              {"mfu", row.mfu},
              {"samples_per_s", samples_per_s(row)},
              {"peak_bytes", std::llround(row.peak.value())},
              {"capacity_bytes", std::llround(row.capacity.value())},
              {"gpus", row.gpus},
              {"gpu", row.gpu},
              {"parallel", plan_json(row.plan)}};
  if (ranked.cost) object["cost_per_million_samples"] = *ranked.cost;
  return object;
}

json rows_json(const SweepAnswer& answer, const std::vector<RankedRow>& rows) {
  json list = json::array();
  for (const RankedRow& row : rows) list.push_back(row_json(answer, row));
  return list;
}

json counts_json(const SweepCounts& counts) {
  json by_key = json::object();
  json examples = json::object();
  for (const auto& [key, rows] : counts.invalid_by_key) {
    by_key[key] = rows.count;
    examples[key] = {{"configuration", rows.first}, {"reason", rows.reason}};
  }
  return {{"fits", counts.fits},       {"too_large", counts.too_large}, {"pruned", counts.pruned},
          {"invalid", counts.invalid}, {"invalid_by_key", by_key},      {"invalid_examples", examples}};
}

json counts_json(const SweepAnswer& answer) {
  json object{{"space", answer.size}, {"excluded", answer.excluded}};
  object.update(counts_json(answer.counts));
  return object;
}

json difference_json(const Difference& difference) {
  std::ostringstream text;
  write_json(text, difference);
  return json::parse(text.str());
}

json effects_json(const SweepAnswer& answer) {
  json list = json::array();
  for (const AxisEffect& effect : answer.effects) {
    json object{{"axis", effect.path}, {"value", effect.value}, {"fits", effect.fits}};
    if (effect.best) {
      object["best_iteration_time_s"] = to_seconds(effect.best->iteration_time).count();
      object["best_mfu"] = effect.best->mfu;
      object["best_configuration"] = effect.best->index;
    }
    list.push_back(std::move(object));
  }
  return list;
}

json words(const std::vector<Objective>& objectives) {
  json list = json::array();
  for (const Objective objective : objectives) list.push_back(to_string(objective));
  return list;
}

/// Columns of the axes, then the results.
Grid rows_grid(const SweepAnswer& answer, const std::vector<RankedRow>& rows) {
  Grid grid{{{"configuration", "#"}}, {}};
  for (const std::string& path : answer.axes) grid.columns.push_back({path, path.substr(path.rfind('.') + 1)});
  for (GridColumn column : std::vector<GridColumn>{{"iteration_time_s", "step s"},
                                                   {"mfu", "MFU", 3},
                                                   {"samples_per_s", "samples/s"},
                                                   {"peak_gb", "memory GB", 3},
                                                   {"data", "data"},
                                                   {"micro_batches", "micro-batches"},
                                                   {"gpus", "GPUs"},
                                                   {"cost_per_million_samples", "cost/M"}})
    grid.columns.push_back(std::move(column));
  for (const RankedRow& ranked : rows) {
    std::vector<Cell> cells{ranked.row.index};
    for (const std::string& value : ranked.values) cells.emplace_back(value);
    const SweepRow& row = ranked.row;
    for (Cell cell : std::vector<Cell>{to_seconds(row.iteration_time).count(), row.mfu, samples_per_s(row),
                                       row.peak.value() / 1e9, std::int64_t{row.plan.data}, row.plan.micro_batches,
                                       std::int64_t{row.gpus}, ranked.cost ? Cell(*ranked.cost) : Cell()})
      cells.push_back(std::move(cell));
    grid.rows.push_back(std::move(cells));
  }
  return grid;
}

void write_counts(std::ostream& out, const SweepAnswer& answer) {
  const SweepCounts& counts = answer.counts;
  out << fmt::format("{}: {} configurations, best {} first\n\n", answer.scenario, show_count(answer.size),
                     to_string(answer.objective));
  const auto line = [&](const char* what, std::int64_t number, const char* meaning) {
    if (number > 0) out << fmt::format("  {:<10} {:>13}   {}\n", what, show_count(number), meaning);
  };
  line("fit", counts.fits, "simulated");
  line("too large", counts.too_large, "for the GPU's memory: not simulated");
  line("pruned", counts.pruned, "a lower bound of their time shows that they cannot be among the answers");
  line("invalid", counts.invalid, "break a rule of the scenario");
  line("excluded", answer.excluded, "by the constraints");
  for (const auto& [key, rows] : counts.invalid_by_key) {
    const std::string example = rows.count == 1 ? "" : fmt::format("   as configuration {}", rows.first);
    out << fmt::format("    {:>13}   by {}{}\n", show_count(rows.count), rows.reason, example);
  }
  if (answer.matching) {
    const SweepCounts& rows = *answer.matching;
    out << fmt::format("\n  with {}: {} fit, {} too large, {} pruned, {} invalid\n", answer.where, show_count(rows.fits),
                       show_count(rows.too_large), show_count(rows.pruned), show_count(rows.invalid));
  }
  out << '\n';
}

/// Nothing where the best two were not compared.
void write_best_two(std::ostream& out, const SweepAnswer& answer) {
  if (!answer.best_two) return;
  out << "\nwhat separates the best two\n";
  write_table(out, *answer.best_two);
}

void write_launch(std::ostream& out, const SweepAnswer& answer) {
  if (!answer.launch.empty()) out << fmt::format("\nlaunch\n  {}\n", fmt::join(answer.launch, " \\\n    "));
  if (!answer.no_launch.empty()) out << fmt::format("\nlaunch: none: {}\n", answer.no_launch);
}

void write_front(std::ostream& out, const SweepAnswer& answer) {
  if (answer.front.empty()) return;
  out << "\nPareto front of ";
  for (std::size_t i = 0; i < answer.front_objectives.size(); ++i)
    out << (i == 0 ? "" : ", ") << to_string(answer.front_objectives[i]);
  out << '\n';
  write_table(out, rows_grid(answer, answer.front));
}

}  // namespace

Grid sweep_grid(const SweepAnswer& answer) {
  return rows_grid(answer, answer.best);
}

Grid sweep_effects_grid(const SweepAnswer& answer) {
  Grid grid{{{"axis", "axis"},
             {"value", "value"},
             {"fits", "fit"},
             {"best_iteration_time_s", "best step s"},
             {"mfu", "MFU", 3},
             {"behind_percent", "behind the best %", 3}},
            {}};
  for (const AxisEffect& effect : answer.effects) {
    const Cell none;
    const bool known = effect.best && !answer.best.empty();
    grid.rows.push_back(
        {effect.path, effect.value, effect.fits, effect.best ? Cell(to_seconds(effect.best->iteration_time).count()) : none,
         effect.best ? Cell(effect.best->mfu) : none, known && effect.behind ? Cell(100 * *effect.behind) : none});
  }
  return grid;
}

void write_table(std::ostream& out, const SweepAnswer& answer) {
  write_counts(out, answer);
  if (answer.best.empty()) {
    out << "no configuration that fits\n";
    return;
  }
  write_table(out, sweep_grid(answer));
  out << "\nbest with each value\n";
  write_table(out, sweep_effects_grid(answer));
  write_front(out, answer);
  write_best_two(out, answer);
  write_launch(out, answer);
}

void write_json(std::ostream& out, const SweepAnswer& answer) {
  json document{{"scenario", answer.scenario},
                {"version", answer.version},
                {"objective", to_string(answer.objective)},
                {"axes", answer.axes},
                {"constraints", answer.constraints},
                {"counts", counts_json(answer)},
                {"best", rows_json(answer, answer.best)},
                {"effects", effects_json(answer)}};
  if (answer.matching) {
    document["where"] = answer.where;
    document["matching"] = counts_json(*answer.matching);
  }
  if (!answer.front_objectives.empty()) {
    document["pareto_objectives"] = words(answer.front_objectives);
    document["pareto_front"] = rows_json(answer, answer.front);
  }
  if (answer.best_two) document["best_two"] = difference_json(*answer.best_two);
  if (!answer.launch.empty()) document["launch"] = answer.launch;
  if (!answer.no_launch.empty()) document["no_launch"] = answer.no_launch;
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

}  // namespace mfusim
