// SPDX-License-Identifier: Apache-2.0
#include "report/html/study_pages.hpp"

#include <algorithm>
#include <limits>

namespace mfusim::html {
namespace {

/// From the least to the most of a chart's x, at one height.
PointSeries level(const PointChart& chart, const std::string& name, double height) {
  PointSeries line{.name = name, .colour = "capacity", .style = PointStyle::DottedLine, .points = {}};
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const PointSeries& series : chart.series) {
    for (const Point& point : series.points) {
      low = std::min(low, point.x);
      high = std::max(high, point.x);
    }
  }
  if (low <= high)
    line.points = {{.x = low, .y = height, .weight = 0, .label = name}, {.x = high, .y = height, .weight = 0, .label = name}};
  return line;
}

double value_at(const Grid& grid, std::size_t row, const std::string& key) {
  const auto column =
      std::find_if(grid.columns.begin(), grid.columns.end(), [&](const GridColumn& one) { return one.key == key; });
  const Cell& cell = grid.rows[row].at(static_cast<std::size_t>(column - grid.columns.begin()));
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*whole);
  const auto* real = std::get_if<double>(&cell);
  return real == nullptr ? std::numeric_limits<double>::infinity() : *real;
}

}  // namespace

Page grid_page(const std::string& command, const StudyHead& head, std::vector<Block> charts, Table table) {
  Section answer{.key = "answer", .title = {}, .lead = {}, .blocks = {}};
  if (!head.cards.empty()) answer.blocks.emplace_back(head.cards);
  if (!head.warnings.empty())
    answer.blocks.emplace_back(Notes{.kind = NoteKind::Warning, .title = "Warnings", .lines = head.warnings});
  Page page{.command = command,
            .title = head.title,
            .answer = head.answer,
            .subtitle = head.subtitle,
            .sections = {std::move(answer)},
            .version = head.version};
  if (!charts.empty())
    page.sections.push_back({.key = "charts", .title = "At a glance", .lead = {}, .blocks = std::move(charts)});
  page.sections.push_back({.key = "rows", .title = "All rows", .lead = {}, .blocks = {std::move(table)}});
  return page;
}

Grid without_units(Grid grid) {
  for (GridColumn& column : grid.columns) {
    for (const std::string unit : {" s", " %", " GB"}) {
      if (column.heading.ends_with(unit)) column.heading.resize(column.heading.size() - unit.size());
    }
  }
  return grid;
}

std::vector<std::size_t> pareto_front(const Grid& grid, const std::string& first, const std::string& second) {
  std::vector<std::size_t> order;
  for (std::size_t row = 0; row < grid.rows.size(); ++row) order.push_back(row);
  const auto key = [&](std::size_t row) { return std::pair(value_at(grid, row, first), value_at(grid, row, second)); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  std::vector<std::size_t> front;
  double least = std::numeric_limits<double>::infinity();
  for (const std::size_t row : order) {
    const double height = value_at(grid, row, second);
    if (height >= least) continue;
    front.push_back(row);
    least = height;
  }
  return front;
}

Page sweep_page(const SweepStudy& study) {
  PointChart chart =
      dots_of(study.table.grid, {.key = "pareto",
                                 .title = "Step time against memory",
                                 .caption = "A dot is a configuration; the line joins those that no other beats in both.",
                                 .x = {study.time_column, {.title = "step time", .unit = "s", .scale = Scale::Logarithmic}},
                                 .y = {study.memory_column, {.title = "peak memory of a GPU", .unit = "B"}},
                                 .labels = study.label_columns,
                                 .name = "configurations",
                                 .series = {},
                                 .highlight = pareto_front(study.table.grid, study.time_column, study.memory_column),
                                 .highlight_name = "fastest for its memory"});
  if (study.capacity) chart.series.push_back(level(chart, "capacity of the GPU", study.capacity->value()));
  chart.source = study.table.source;
  return grid_page("sweep", study.head, {std::move(chart)}, study.table);
}

Page split_page(const SplitStudy& study) {
  PointChart chart =
      curves_of(study.curve.grid, {.key = "balance",
                                   .title = "Step time over the split",
                                   .caption = "More GPUs for the vision tower to the right; the rest have the text tower.",
                                   .x = {study.gpus_column, {.title = "GPUs for the vision tower", .unit = {}}},
                                   .y = {.title = "step time", .unit = "s", .scale = Scale::Logarithmic},
                                   .curves = study.policies});
  chart.source = study.curve.source;
  Page page = grid_page("split", study.head, {std::move(chart)}, study.curve);
  if (!study.policy_table.grid.rows.empty()) {
    page.sections.insert(page.sections.begin() + 1,
                         Section{.key = "policies", .title = "Policies compared", .lead = {}, .blocks = {study.policy_table}});
  }
  return page;
}

Page ablate_page(const AblateStudy& study) {
  std::vector<GridCurve> values{{study.predicted_column, "predicted", "predicted"}};
  if (!study.published_column.empty()) values.push_back({study.published_column, "published", "published"});
  BarChart chart = bars_of(study.table.grid, {.key = "techniques",
                                              .title = "Techniques, one added after another",
                                              .caption = "Each row keeps the techniques of the rows above it.",
                                              .axis = study.axis,
                                              .labels = study.label_columns,
                                              .values = std::move(values)});
  chart.source = study.table.source;
  return grid_page("ablate", study.head, {std::move(chart)}, study.table);
}

}  // namespace mfusim::html
