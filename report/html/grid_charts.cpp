// SPDX-License-Identifier: Apache-2.0
#include "report/html/grid_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace mfusim::html {
namespace {

std::size_t column_of(const Grid& grid, const std::string& key) {
  const auto at = std::find_if(grid.columns.begin(), grid.columns.end(), [&](const GridColumn& one) { return one.key == key; });
  if (at == grid.columns.end()) throw std::logic_error(fmt::format("a chart of column '{}', which the grid does not have", key));
  return static_cast<std::size_t>(at - grid.columns.begin());
}

std::optional<double> number(const Cell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  return std::nullopt;
}

std::string text(const Cell& cell) {
  if (const auto* words = std::get_if<std::string>(&cell)) return *words;
  const std::optional<double> value = number(cell);
  return value ? fmt::format("{:.6g}", *value) : std::string();
}

std::optional<Point> point_of(const Grid& grid, const std::vector<Cell>& row, const GridAxis& x, const std::string& y) {
  const std::optional<double> across = number(row.at(column_of(grid, x.column)));
  const std::optional<double> up = number(row.at(column_of(grid, y)));
  if (!across || !up) return std::nullopt;
  return Point{.x = *across, .y = *up, .weight = 0, .label = {}};
}

}  // namespace

std::string label_of(const Grid& grid, const std::vector<Cell>& row, const std::vector<std::string>& columns) {
  std::string label;
  for (const std::string& key : columns) {
    const std::string word = text(row.at(column_of(grid, key)));
    if (word.empty()) continue;
    if (!label.empty()) label += ", ";
    const bool is_name = std::holds_alternative<std::string>(row.at(column_of(grid, key)));
    label += is_name ? word : grid.columns[column_of(grid, key)].heading + " " + word;
  }
  return label;
}

PointChart dots_of(const Grid& grid, const GridDots& spec) {
  PointChart chart{.key = spec.key,
                   .title = spec.title,
                   .caption = spec.caption,
                   .x = spec.x.axis,
                   .y = spec.y.axis,
                   .series = {},
                   .source = {}};
  const auto series_of = [&](const std::string& name) -> PointSeries& {
    for (PointSeries& one : chart.series) {
      if (one.name == name) return one;
    }
    return chart.series.emplace_back(PointSeries{.name = name, .colour = name, .style = PointStyle::Dots, .points = {}});
  };
  for (const std::vector<Cell>& row : grid.rows) {
    std::optional<Point> point = point_of(grid, row, spec.x, spec.y.column);
    if (!point) continue;
    point->label = label_of(grid, row, spec.labels);
    series_of(spec.series.empty() ? spec.name : text(row.at(column_of(grid, spec.series)))).points.push_back(*point);
  }
  PointSeries front{.name = spec.highlight_name, .colour = "best", .style = PointStyle::Line, .points = {}};
  for (const std::size_t row : spec.highlight) {
    if (const std::optional<Point> point = point_of(grid, grid.rows.at(row), spec.x, spec.y.column))
      front.points.push_back(*point);
  }
  if (!front.points.empty()) chart.series.push_back(std::move(front));
  return chart;
}

PointChart curves_of(const Grid& grid, const GridCurves& spec) {
  PointChart chart{
      .key = spec.key, .title = spec.title, .caption = spec.caption, .x = spec.x.axis, .y = spec.y, .series = {}, .source = {}};
  for (const GridCurve& curve : spec.curves) {
    PointSeries series{.name = curve.name, .colour = curve.colour, .style = PointStyle::Line, .points = {}};
    for (const std::vector<Cell>& row : grid.rows) {
      if (const std::optional<Point> point = point_of(grid, row, spec.x, curve.column)) series.points.push_back(*point);
    }
    std::stable_sort(series.points.begin(), series.points.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
    chart.series.push_back(std::move(series));
  }
  return chart;
}

BarChart bars_of(const Grid& grid, const GridBars& spec) {
  BarChart chart{.key = spec.key,
                 .title = spec.title,
                 .caption = spec.caption,
                 .axis = spec.axis,
                 .categories = {},
                 .series = {},
                 .arrangement = BarArrangement::SideBySide,
                 .mark = {},
                 .meanings = {},
                 .numbers = NumbersPlace::Below,
                 .source = {}};
  for (const std::vector<Cell>& row : grid.rows) chart.categories.push_back(label_of(grid, row, spec.labels));
  for (const GridCurve& value : spec.values) {
    BarSeries series{.name = value.name, .colour = value.colour, .bars = {}};
    const std::size_t column = column_of(grid, value.column);
    for (const std::vector<Cell>& row : grid.rows)
      series.bars.push_back({.from = 0, .to = number(row.at(column)).value_or(0), .colour = {}});
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace mfusim::html
