// SPDX-License-Identifier: Apache-2.0
#include "base/number.hpp"
#include "report/format.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/study_pages.hpp"
#include "report/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mfusim::html {
namespace {

constexpr const char* source = "simulation of each configuration; counts by the memory model and the rules of a scenario";

/// "step time"
std::string objective_words(const SweepAnswer& answer) {
  std::string words = to_string(answer.objective);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

/// The best rows, then those of the front that are not among them, up to the page's most.
std::vector<RankedRow> rows_of(const SweepAnswer& answer) {
  std::vector<RankedRow> rows;
  std::set<std::int64_t> seen;
  for (const std::vector<RankedRow>* list : {&answer.best, &answer.front}) {
    for (const RankedRow& one : *list) {
      if (rows.size() < most_sweep_rows && seen.insert(one.row.index).second) rows.push_back(one);
    }
  }
  return rows;
}

/// Whole numbers sort as numbers; long words are cut, since each stands in thousands of rows.
Cell value_cell(const std::string& text) {
  constexpr std::size_t longest = 40;
  if (const std::optional<std::int64_t> whole = parse_integer(text)) return *whole;
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

Grid grid_of(const SweepAnswer& answer, const std::vector<RankedRow>& rows) {
  Grid grid{{{"configuration", "#"}}, {}};
  for (const std::string& path : answer.axes) grid.columns.push_back({path, path.substr(path.rfind('.') + 1)});
  const bool priced = std::any_of(rows.begin(), rows.end(), [](const RankedRow& one) { return one.cost.has_value(); });
  for (GridColumn column : std::vector<GridColumn>{{"step_time_s", "step time"},
                                                   {"mfu", "MFU"},
                                                   {"samples_per_s", "samples/s"},
                                                   {"peak_bytes", "peak memory", 3},
                                                   {"data", "replicas"},
                                                   {"micro_batches", "micro-batches"},
                                                   {"gpu_count", "GPUs"}})
    grid.columns.push_back(std::move(column));
  if (priced) grid.columns.push_back({"cost_per_million_samples", "cost of 1M"});
  for (const RankedRow& one : rows) {
    const SweepRow& row = one.row;
    std::vector<Cell> cells{row.index};
    for (const std::string& value : one.values) cells.push_back(value_cell(value));
    for (Cell cell : std::vector<Cell>{to_seconds(row.iteration_time).count(), row.mfu, samples_per_s(row), row.peak.value(),
                                       std::int64_t{row.plan.data}, row.plan.micro_batches, std::int64_t{row.gpus}})
      cells.push_back(std::move(cell));
    if (priced) cells.push_back(one.cost ? Cell(*one.cost) : Cell());
    grid.rows.push_back(std::move(cells));
  }
  return grid;
}

std::vector<ColumnNote> notes() {
  return {{"configuration", "", "Number of the configuration in the space."},
          {"step_time_s", "s", "Simulated time of one training step."},
          {"mfu", "share", "Model FLOPs utilisation, against the data-sheet peak."},
          {"samples_per_s", "", "Samples of the global batch / step time."},
          {"peak_bytes", "B", "Most memory that a GPU of the fullest pipeline stage holds."},
          {"data", "", "Data-parallel replicas."},
          {"micro_batches", "", "Micro-batches of a replica in a step."},
          {"gpu_count", "", "GPUs of the job."},
          {"cost_per_million_samples", "", "Price of the GPU-hours that a million samples take."}};
}

std::string rows_caption(const SweepAnswer& answer, std::size_t rows) {
  const std::string first = fmt::format(
      "The {} best by {}", show_count(static_cast<std::int64_t>(std::min(rows, answer.best.size()))), objective_words(answer));
  const std::string front = rows > answer.best.size() ? " and the others of the Pareto front" : "";
  return fmt::format(
      "{}{}, of {} that were simulated; a page holds {} at most, a store (--store) every one. Click on a heading to sort.", first,
      front, show_count(answer.counts.fits), show_count(static_cast<std::int64_t>(most_sweep_rows)));
}

Card count_card(const char* key, std::int64_t count, const char* label, const char* definition) {
  return {.key = key,
          .value = static_cast<double>(count),
          .unit = {},
          .note = {},
          .meaning = {.label = label, .definition = definition, .source = source}};
}

Cards cards_of(const SweepAnswer& answer) {
  Cards cards;
  if (!answer.best.empty()) {
    const SweepRow& best = answer.best.front().row;
    cards = {
        {"iteration_time_s", to_seconds(best.iteration_time).count(), "s", "of the best", meaning_of("iteration_time_s")},
        {"mfu", best.mfu, "share", "of the best", meaning_of("mfu")},
        {"peak_bytes", best.peak.value(), "B", fmt::format("of {} a GPU", show_bytes(best.capacity)), meaning_of("peak_bytes")}};
  }
  const SweepCounts& counts = answer.counts;
  cards.push_back(count_card("fits", counts.fits, "simulated", "Configurations that fit into memory and were simulated."));
  cards.push_back(count_card("too_large", counts.too_large, "too large", "Configurations that do not fit into a GPU's memory."));
  if (counts.pruned > 0)
    cards.push_back(count_card("pruned", counts.pruned, "pruned",
                               "Configurations that a lower bound of their time shows to be behind all that the page needs."));
  if (counts.invalid > 0)
    cards.push_back(count_card("invalid", counts.invalid, "invalid", "Configurations that break a rule of the scenario."));
  return cards;
}

/// "tensor 8, recompute none" of the best.
std::string named_values(const SweepAnswer& answer) {
  std::string words;
  for (std::size_t i = 0; i < answer.axes.size(); ++i) {
    const std::string& path = answer.axes[i];
    words += fmt::format("{}{} {}", i == 0 ? "" : ", ", path.substr(path.rfind('.') + 1), answer.best.front().values[i]);
  }
  return words;
}

std::string sentence_of(const SweepAnswer& answer) {
  const std::string all = show_count(answer.size);
  if (answer.best.empty()) return fmt::format("None of {} configurations fits into memory and keeps the rules.", all);
  const SweepRow& best = answer.best.front().row;
  return fmt::format("Of {} configurations the best by {} has {}: {} a step, an MFU of {}.", all, objective_words(answer),
                     named_values(answer), show_time(to_seconds(best.iteration_time)), show_percent(best.mfu));
}

/// The same for every row: a line in the chart.
std::optional<Bytes> common_capacity(const std::vector<RankedRow>& rows) {
  const auto other = [&](const RankedRow& one) { return one.row.capacity.value() != rows.front().row.capacity.value(); };
  if (rows.empty() || std::any_of(rows.begin(), rows.end(), other)) return std::nullopt;
  return rows.front().row.capacity;
}

Section effects_section(const SweepAnswer& answer) {
  return {.key = "effects",
          .title = "What each value can reach",
          .lead = "The best configuration that has the value, whatever the other axes are.",
          .blocks = {Table{.key = "effects_table",
                           .title = "Values of the axes",
                           .caption = {},
                           .grid = without_units(sweep_effects_grid(answer)),
                           .notes = {{"fits", "", "Configurations with this value that were simulated."},
                                     {"best_iteration_time_s", "s", "Step time of the best one with this value."},
                                     {"mfu", "share", "Its model FLOPs utilisation."},
                                     {"behind_percent", "%", "How far it is behind the best of all, by the sweep's objective."}},
                           .source = source}}};
}

}  // namespace

Page sweep_page(const SweepAnswer& answer) {
  const std::vector<RankedRow> rows = rows_of(answer);
  SweepStudy study;
  study.table = {.key = "sweep_table",
                 .title = "Configurations",
                 .caption = rows_caption(answer, rows.size()),
                 .grid = grid_of(answer, rows),
                 .notes = notes(),
                 .source = source};
  study.head = {.title = "Sweep of " + answer.scenario,
                .answer = sentence_of(answer),
                .subtitle = {{"configurations", show_count(answer.size)}, {"best by", objective_words(answer)}},
                .cards = cards_of(answer),
                .warnings = {},
                .version = answer.version};
  for (const std::string& constraint : answer.constraints) study.head.subtitle.emplace_back("only", constraint);
  study.label_columns = answer.axes;
  study.capacity = common_capacity(rows);
  Page page = rows.empty() ? grid_page("sweep", study.head, {}, study.table) : sweep_page(study);
  page.sections.insert(page.sections.end() - 1, effects_section(answer));
  return page;
}

}  // namespace mfusim::html
