// SPDX-License-Identifier: Apache-2.0
#include "report/sweep.hpp"

#include "report/difference.hpp"
#include "report/format.hpp"
#include "report/terminal_style.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace mfusim {
namespace {

/// Columns of the axes, then the results.
Grid rows_grid(const SweepAnswer& answer, const std::vector<RankedRow>& rows) {
  Grid grid{{{"configuration", "#"}}, {}};
  for (const std::string& path : answer.axes) grid.columns.push_back({path, path.substr(path.rfind('.') + 1)});
  for (GridColumn column : std::vector<GridColumn>{{"iteration_time_s", "step s"},
                                                   {"mfu", "MFU", 3},
                                                   {"samples_per_s", "samples/s"},
                                                   {"peak_gb", "memory GB", 3},
                                                   {"tight", "tight"},
                                                   {"data", "data"},
                                                   {"micro_batches", "micro-batches"},
                                                   {"gpus", "GPUs"},
                                                   {"cost_per_million_samples", "cost/M"}})
    grid.columns.push_back(std::move(column));
  for (const RankedRow& ranked : rows) {
    std::vector<Cell> cells{ranked.row.index};
    for (const std::string& value : ranked.values) cells.emplace_back(value);
    const SweepRow& row = ranked.row;
    for (Cell cell :
         std::vector<Cell>{to_seconds(row.iteration_time).count(), row.mfu, samples_per_s(row), row.peak.value() / 1e9,
                           is_tight(row) ? Cell("tight") : Cell(), std::int64_t{row.plan.data}, row.plan.micro_batches,
                           std::int64_t{row.gpus}, ranked.cost ? Cell(*ranked.cost) : Cell()})
      cells.push_back(std::move(cell));
    grid.rows.push_back(std::move(cells));
  }
  return grid;
}

/// Columns without a cell say nothing to a reader.
Grid without_empty_columns(Grid grid) {
  for (std::size_t column = grid.columns.size(); column-- > 0;) {
    const auto empty = [&](const std::vector<Cell>& row) { return std::holds_alternative<std::monostate>(row[column]); };
    if (!std::all_of(grid.rows.begin(), grid.rows.end(), empty)) continue;
    const auto at = static_cast<std::ptrdiff_t>(column);
    grid.columns.erase(grid.columns.begin() + at);
    for (std::vector<Cell>& row : grid.rows) row.erase(row.begin() + at);
  }
  return grid;
}

void write_counts(std::ostream& out, const SweepAnswer& answer) {
  const SweepCounts& counts = answer.counts;
  out << fmt::format("{}: {} configurations, best {} first\n\n", answer.scenario, show_count(answer.size),
                     to_string(answer.objective));
  if (answer.open_plan) {
    std::vector<std::string> keys;
    for (const std::string& path : answer.axes) keys.push_back(path.substr(path.rfind('.') + 1));
    out << fmt::format("  searched is what the scenario leaves open: {} (docs/sweep.md)\n\n", fmt::join(keys, ", "));
  }
  const auto line = [&](const char* what, std::int64_t number, const char* meaning) {
    if (number > 0) out << fmt::format("  {:<10} {:>13}   {}\n", what, show_count(number), meaning);
  };
  line("fit", counts.fits, "simulated");
  line("too large", counts.too_large, "for the GPU's memory: not simulated");
  line("pruned", counts.pruned, "a lower bound of their time shows that they cannot be among the answers");
  line("excluded", answer.excluded, "by the constraints");
  line("invalid", counts.invalid, "break a rule of the scenario:");
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

/// Nothing where there are no two.
void write_best_two(std::ostream& out, const SweepAnswer& answer) {
  if (!answer.no_best_two.empty()) out << fmt::format("\nwhat separates the best two is not said: {}\n", answer.no_best_two);
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
  write_table(out, without_empty_columns(rows_grid(answer, answer.front)));
}

}  // namespace

std::vector<RankedRow> with_twins_named(std::vector<RankedRow> rows) {
  for (RankedRow& row : rows) {
    for (const RankedRow::Twin& twin : row.twins) {
      for (std::size_t axis = 0; axis < row.values.size(); ++axis) {
        if (row.values[axis].find(twin.values[axis]) == std::string::npos) row.values[axis] += " = " + twin.values[axis];
      }
    }
  }
  return rows;
}

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

std::string headroom_sentence(const SweepAnswer& answer) {
  if (answer.best.empty() || !is_tight(answer.best.front().row)) return {};
  const int share = static_cast<int>(std::lround(100 * (1 - tight_memory_share)));
  const std::string why = fmt::format(
      "The best is tight: less than {} % of the GPU's memory is free, no more than the error of a predicted peak.", share);
  if (!answer.best_with_headroom) return why + " No configuration that fits leaves more.";
  const RankedRow& roomy = *answer.best_with_headroom;
  std::string values;
  for (std::size_t i = 0; i < answer.axes.size(); ++i)
    values += fmt::format(", {} {}", answer.axes[i].substr(answer.axes[i].rfind('.') + 1), roomy.values[i]);
  return fmt::format("{} The best with {} % free is configuration {}{}: {} a step, MFU {}, {}.", why, share, roomy.row.index,
                     values, show_time(to_seconds(roomy.row.iteration_time)), show_percent(roomy.row.mfu),
                     show_bytes(roomy.row.peak));
}

void write_table(std::ostream& out, const SweepAnswer& answer) {
  write_counts(out, answer);
  if (answer.best.empty()) {
    out << "no configuration that fits\n";
    return;
  }
  write_table(out, without_empty_columns(rows_grid(answer, with_twins_named(answer.best))));
  if (const std::string words = headroom_sentence(answer); !words.empty()) {
    out << '\n';
    write_wrapped(out, printable(words));
  }
  out << "\nbest with each value\n";
  write_table(out, sweep_effects_grid(answer));
  write_front(out, answer);
  write_best_two(out, answer);
  write_launch(out, answer);
}

}  // namespace mfusim
