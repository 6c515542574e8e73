// SPDX-License-Identifier: Apache-2.0
#include "base/number.hpp"
#include "report/format.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/study_pages.hpp"
#include "report/html/sweep_sections.hpp"
#include "report/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mfusim::html {
namespace {

constexpr const char* sweep_source = "simulation of each configuration; counts by the memory model and the rules of a scenario";

/// "step time"
std::string objective_words(const SweepAnswer& answer) {
  std::string words = to_string(answer.objective);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

/// Whole numbers sort as numbers; long words are cut, since each stands in thousands of rows.
Cell value_cell(const std::string& text, std::size_t axes) {
  const std::size_t longest = std::clamp<std::size_t>(600 / std::max<std::size_t>(axes, 1), 12, 40);
  if (const std::optional<std::int64_t> whole = parse_integer(text)) return *whole;
  return cut(text, longest);
}

/// What a row takes in the page: its values stand in the table and, with the names of their axes, in the label of its dot.
std::size_t bytes_of(const RankedRow& one, const SweepAnswer& answer) {
  constexpr std::size_t results = 320;  // numbers of the table, place of the dot, punctuation
  constexpr std::size_t twice = 2;
  constexpr std::size_t around_a_value = 8;
  std::size_t bytes = results;
  for (std::size_t i = 0; i < one.values.size(); ++i) {
    const Cell cell = value_cell(one.values[i], answer.axes.size());
    const auto* word = std::get_if<std::string>(&cell);
    const std::string& path = answer.axes[i];
    bytes += twice * written_size(word != nullptr ? *word : one.values[i]) + path.size() - (path.rfind('.') + 1) + around_a_value;
  }
  return bytes;
}

/// The best rows, then those of the front that are not among them, up to the page's most and as many as leave it small.
std::vector<RankedRow> rows_of(const SweepAnswer& answer) {
  constexpr std::size_t rows_and_columns = 1'200'000;  // of 2 MB; the chart library and the scripts take 0.3 MB
  constexpr std::size_t column = 400;                  // with its definition, and its values in the table of effects
  const std::size_t most_bytes = rows_and_columns - std::min(rows_and_columns, column * answer.axes.size());
  std::vector<RankedRow> rows;
  std::set<std::int64_t> seen;
  std::size_t bytes = 0;
  for (const std::vector<RankedRow>* list : {&answer.best, &answer.front}) {
    for (const RankedRow& one : *list) {
      if (rows.size() >= most_sweep_rows || seen.contains(one.row.index)) continue;
      bytes += bytes_of(one, answer);
      if (bytes > most_bytes) return rows;
      rows.push_back(one);
      seen.insert(one.row.index);
    }
  }
  return rows;
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
    for (const std::string& value : one.values) cells.push_back(value_cell(value, answer.axes.size()));
    for (Cell cell : std::vector<Cell>{to_seconds(row.iteration_time).count(), row.mfu, samples_per_s(row), row.peak.value(),
                                       std::int64_t{row.plan.data}, row.plan.micro_batches, std::int64_t{row.gpus}})
      cells.push_back(std::move(cell));
    if (priced) cells.push_back(one.cost ? Cell(*one.cost) : Cell());
    grid.rows.push_back(std::move(cells));
  }
  return grid;
}

std::vector<ColumnNote> row_notes() {
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
      front, show_count(answer.counts.fits), show_count(static_cast<std::int64_t>(std::min(rows, most_sweep_rows))));
}

Card count_card(const char* key, std::int64_t count, const char* label, const char* definition) {
  return {.key = key,
          .value = static_cast<double>(count),
          .unit = {},
          .note = {},
          .meaning = {.label = label, .definition = definition, .source = sweep_source}};
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
  const std::string headroom = headroom_sentence(answer);
  return fmt::format("Of {} configurations the best by {} has {}: {} a step, an MFU of {}.{}{}", all, objective_words(answer),
                     named_values(answer), show_time(to_seconds(best.iteration_time)), show_percent(best.mfu),
                     headroom.empty() ? "" : " ", headroom);
}

/// The same for every row: a line in the chart.
std::optional<Bytes> common_capacity(const std::vector<RankedRow>& rows) {
  const auto other = [&](const RankedRow& one) { return one.row.capacity.value() != rows.front().row.capacity.value(); };
  if (rows.empty() || std::any_of(rows.begin(), rows.end(), other)) return std::nullopt;
  return rows.front().row.capacity;
}

}  // namespace

Page sweep_page(const SweepAnswer& answer) {
  const std::vector<RankedRow> rows = with_twins_named(rows_of(answer));
  SweepStudy study;
  study.table = {.key = "sweep_table",
                 .title = "Configurations",
                 .caption = rows_caption(answer, rows.size()),
                 .grid = grid_of(answer, rows),
                 .notes = row_notes(),
                 .source = sweep_source};
  study.head = {.title = "Sweep of " + answer.scenario,
                .answer = sentence_of(answer),
                .subtitle = {{"configurations", show_count(answer.size)}, {"best by", objective_words(answer)}},
                .cards = cards_of(answer),
                .warnings = {},
                .version = answer.version};
  for (const std::string& constraint : answer.constraints) study.head.subtitle.emplace_back("only", cut(constraint, 200));
  study.label_columns = answer.axes;
  study.capacity = common_capacity(rows);
  Page page = rows.empty() ? grid_page("sweep", study.head, {}, study.table) : sweep_page(study);
  for (Section& section : sweep_sections(answer)) page.sections.insert(page.sections.end() - 1, std::move(section));
  return page;
}

}  // namespace mfusim::html
