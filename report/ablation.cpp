// SPDX-License-Identifier: Apache-2.0
#include "report/ablation.hpp"

#include "report/format.hpp"
#include "report/terminal_style.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

Cell number(const std::optional<double>& value) {
  return value ? Cell(*value) : Cell();
}

Cell percent_of(const std::optional<double>& share) {
  return share ? Cell(100 * *share) : Cell();
}

/// A fixed number of digits behind the point: columns of percentages are read downwards.
Cell fixed(const std::optional<double>& value, const char* format) {
  constexpr double invisible = 0.05;  // no "-0.0"
  return value ? Cell(fmt::format(fmt::runtime(format), std::abs(*value) < invisible ? 0.0 : *value)) : Cell();
}

std::optional<double> published_percent(const AblationRow& row) {
  return row.published && row.published->mfu ? std::optional(100 * *row.published->mfu) : std::nullopt;
}

/// The grid without columns that are empty in every row: nothing was published.
Grid without_empty_columns(const Grid& grid) {
  Grid kept;
  kept.rows.resize(grid.rows.size());
  for (std::size_t column = 0; column < grid.columns.size(); ++column) {
    const auto empty = [column](const std::vector<Cell>& row) { return std::holds_alternative<std::monostate>(row[column]); };
    if (std::all_of(grid.rows.begin(), grid.rows.end(), empty)) continue;
    kept.columns.push_back(grid.columns[column]);
    for (std::size_t row = 0; row < grid.rows.size(); ++row) kept.rows[row].push_back(grid.rows[row][column]);
  }
  return kept;
}

/// Columns for people; figures as text, to the right of their column by equal width.
Grid shown_grid(const AblationReport& report) {
  Grid grid{{{"step", "step"},
             {"time", "step time"},
             {"mfu", "MFU %"},
             {"published", "published"},
             {"error", "off by"},
             {"gain", "gain"},
             {"published_gain", "published"},
             {"share", "share %"},
             {"published_share", "published"},
             {"fits", "memory"}},
            {}};
  for (const AblationRow& row : report.rows) {
    const bool first = &row == &report.rows.front();
    const auto gain = first ? std::nullopt : std::optional(row.gain_points);
    const auto share = first ? std::nullopt : std::optional(100 * row.share);
    const auto published_share = row.published_share ? std::optional(100 * *row.published_share) : std::nullopt;
    grid.rows.push_back({row.name, show_time(row.result.iteration_time), fixed(100 * row.result.mfu, "{:.1f}"),
                         fixed(published_percent(row), "{:.1f}"), fixed(row.error_points, "{:+.1f}"), fixed(gain, "{:+.1f}"),
                         fixed(row.published_gain_points, "{:+.1f}"), fixed(share, "{:.0f}"), fixed(published_share, "{:.0f}"),
                         row.result.memory.fits ? std::string("fits") : std::string("TOO LARGE")});
  }
  return grid;
}

json moved_json(const AblationRow& row) {
  json list = json::array();
  for (const MovedPart& part : row.moved)
    list.push_back({{"part", part.name}, {"before_s", part.before.count()}, {"after_s", part.after.count()}});
  return list;
}

json published_json(const AblationRow& row) {
  json object = json::object();
  if (row.published->mfu) object["mfu"] = *row.published->mfu;
  if (row.published->iteration_time) object["iteration_time_s"] = row.published->iteration_time->count();
  if (row.published_gain_points) object["gain_points"] = *row.published_gain_points;
  if (row.published_share) object["share"] = *row.published_share;
  object["source"] = row.published->source;
  return object;
}

json row_json(const AblationRow& row) {
  json breakdown = json::object();
  for (const auto& [name, time] : row.result.breakdown) breakdown[name] = time.count();
  json object{{"name", row.name},
              {"changes", row.changes},
              {"iteration_time_s", row.result.iteration_time.count()},
              {"samples_per_s", row.result.samples_per_s},
              {"mfu", row.result.mfu},
              {"gain_points", row.gain_points},
              {"share", row.share},
              {"fits", row.result.memory.fits}};
  if (row.published) object["published"] = published_json(row);
  if (row.error_points) object["error_points"] = *row.error_points;
  if (row.time_error_percent) object["time_error_percent"] = *row.time_error_percent;
  object["moved"] = moved_json(row);
  object["moved_in_words"] = moved_words(row);
  object["breakdown_s"] = std::move(breakdown);
  return object;
}

}  // namespace

std::string moved_words(const AblationRow& row) {
  if (row.moved.empty()) return "nothing on the critical rank";
  std::string words;
  for (const MovedPart& part : row.moved) {
    std::string name = part.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    words += fmt::format("{}{} {} -> {}", words.empty() ? "" : "; ", name, show_time(part.before), show_time(part.after));
  }
  return words;
}

std::string ablation_sentence(const AblationReport& report) {
  const Result& first = report.rows.front().result;
  const Result& last = report.rows.back().result;
  return fmt::format("{} steps on top of {} take the MFU from {} to {}, samples a second from {:.4g} to {:.4g}.",
                     report.rows.size() - 1, report.rows.front().name, show_percent(first.mfu), show_percent(last.mfu),
                     first.samples_per_s, last.samples_per_s);
}

void write_table(std::ostream& out, const AblationReport& report) {
  const AblationRow& first = report.rows.front();
  write_wrapped(out,
                printable(fmt::format("{} on {} x {}, software {}: {}", first.result.model, first.result.gpus, first.result.gpu,
                                      first.result.stack, ablation_sentence(report))),
                2);
  out << '\n';
  write_table(out, without_empty_columns(shown_grid(report)));
  write_wrapped(
      out,
      "MFU in percent of the data-sheet peak; gains and 'off by' (predicted - published) in points of MFU; share of the "
      "whole gain");
  out << '\n' << painted("what moved on the critical rank", Tone::Heading, style_of(out)) << '\n';
  for (const AblationRow& row : report.rows) {
    if (&row != &first) write_wrapped(out, printable(fmt::format("  {}: {}", row.name, moved_words(row))), 4);
  }
  for (const std::string& reason : report.left_out) write_wrapped(out, printable("left out: " + reason), 2);
}

void write_json(std::ostream& out, const AblationReport& report) {
  json rows = json::array();
  for (const AblationRow& row : report.rows) rows.push_back(row_json(row));
  const Result& first = report.rows.front().result;
  const json document{{"scenario", report.scenario}, {"model", first.model},    {"gpu", first.gpu},
                      {"gpus", first.gpus},          {"rows", std::move(rows)}, {"left_out", report.left_out},
                      {"version", first.version}};
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

Grid ablation_grid(const AblationReport& report) {
  Grid grid{{{"step", "step"},
             {"iteration_time_s", "step time s"},
             {"mfu", "MFU"},
             {"published_mfu", "published MFU"},
             {"error_points", "error, points"},
             {"gain_points", "gain, points"},
             {"published_gain_points", "published gain"},
             {"share_percent", "share %"},
             {"published_share_percent", "published share %"},
             {"moved", "moved"}},
            {}};
  for (const AblationRow& row : report.rows) {
    grid.rows.push_back({row.name, row.result.iteration_time.count(), row.result.mfu,
                         row.published ? number(row.published->mfu) : Cell(), number(row.error_points), row.gain_points,
                         number(row.published_gain_points), 100 * row.share, percent_of(row.published_share), moved_words(row)});
  }
  return grid;
}

}  // namespace mfusim
