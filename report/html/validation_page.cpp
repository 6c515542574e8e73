// SPDX-License-Identifier: Apache-2.0
#include "report/html/validation_page.hpp"

#include "report/html/grid_charts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim::html {
namespace {

constexpr const char* validation_source = "predictions against published measurements, each with its own source";

template <class Value>
Cell cell_of(const std::optional<Value>& value) {
  if (!value) return {};
  if constexpr (std::is_same_v<Value, Seconds>) {
    return value->count();
  } else if constexpr (std::is_same_v<Value, Bytes>) {
    return value->value();
  } else {
    return *value;
  }
}

Grid rows_grid(const ValidationReport& report) {
  Grid grid{{{"id", "run"},
             {"family", "family"},
             {"split", "split"},
             {"predicted", "predicted"},
             {"measured", "measured"},
             {"error", "error"},
             {"mfu", "MFU predicted"},
             {"measured_mfu", "MFU measured"},
             {"memory", "memory"},
             {"source", "source"},
             {"unstated", "not stated there"},
             {"assumed", "assumed for it"}},
            {}};
  for (const ValidationRow& row : report.rows) {
    grid.rows.push_back({row.id, row.family, row.split, cell_of(row.predicted_time), cell_of(row.measured_time),
                         cell_of(time_error_percent(row)), cell_of(row.predicted_mfu), cell_of(row.measured_mfu),
                         cell_of(row.predicted_memory), row.source, row.unstated, row.assumed});
  }
  return grid;
}

Grid families_grid(const ValidationReport& report) {
  Grid grid{{{"family", "family"},
             {"split", "split"},
             {"cases", "cases"},
             {"failed", "failed"},
             {"mean", "mean error"},
             {"worst", "worst error"},
             {"bias", "bias"},
             {"tau", "tau", 2}},
            {}};
  for (const FamilySummary& family : report.families) {
    const auto figure = [&](double ErrorSummary::*field) {
      return family.time_percent ? Cell(*family.time_percent.*field) : Cell();
    };
    grid.rows.push_back({family.family, family.split, std::int64_t{family.cases}, std::int64_t{family.failed},
                         figure(&ErrorSummary::mean_absolute), figure(&ErrorSummary::worst_absolute), figure(&ErrorSummary::bias),
                         cell_of(family.tau)});
  }
  std::stable_sort(grid.rows.begin(), grid.rows.end(), [](const auto& a, const auto& b) {
    const auto error = [](const Cell& cell) { return std::holds_alternative<double>(cell) ? std::get<double>(cell) : 1e300; };
    return error(a[4]) < error(b[4]);
  });
  return grid;
}

/// A dot a run by family, and the line on which prediction and measurement agree.
PointChart agreement_chart(const Grid& rows) {
  PointChart chart =
      dots_of(rows, {.key = "agreement",
                     .title = "Predicted against measured step time",
                     .caption = "A dot is a published run. On the line both agree; below it the prediction is too fast.",
                     .x = {"measured", {.title = "measured step time", .unit = "s", .scale = Scale::Logarithmic}},
                     .y = {"predicted", {.title = "predicted step time", .unit = "s", .scale = Scale::Logarithmic}},
                     .labels = {"id"},
                     .name = {},
                     .series = "family",
                     .highlight = {}});
  chart.source = validation_source;
  double low = 1e300;
  double high = 0;
  for (const PointSeries& series : chart.series) {
    for (const Point& point : series.points) {
      low = std::min({low, point.x, point.y});
      high = std::max({high, point.x, point.y});
    }
  }
  if (high > 0) {
    chart.series.push_back(
        {.name = "equal",
         .colour = "equal",
         .style = PointStyle::Line,
         .points = {{.x = low, .y = low, .weight = 0, .label = {}}, {.x = high, .y = high, .weight = 0, .label = {}}}});
  }
  return chart;
}

BarChart families_chart(const Grid& families) {
  BarChart chart = bars_of(families, {.key = "families_chart",
                                      .title = "Mean absolute error of the step time by family",
                                      .caption = {},
                                      .axis = {.title = "error", .unit = "%"},
                                      .labels = {"family", "split"},
                                      .values = {{"mean", "mean absolute error", "matmul"}}});
  chart.numbers = NumbersPlace::InTable;
  chart.source = validation_source;
  return chart;
}

Cards cards_of(const ValidationReport& report) {
  Cards cards;
  for (const SplitSummary& split : report.splits) {
    if (split.families == 0) continue;
    cards.push_back(
        {.key = "mean_" + split.split,
         .value = split.mean_absolute_percent,
         .unit = "%",
         .note = fmt::format("{} runs in {} families; worst family {}: {:.1f} %", split.cases, split.families, split.worst_family,
                             split.worst_family_percent),
         .meaning = {.label = split.split + ": mean error",
                     .definition = "Mean absolute error of the step time of the runs with this split, each family counted "
                                   "once however many runs it has.",
                     .source = validation_source}});
  }
  return cards;
}

std::string answer_of(const ValidationReport& report) {
  std::string text = fmt::format("{} published runs", report.rows.size());
  for (const SplitSummary& split : report.splits) {
    if (split.families == 0) continue;
    text +=
        fmt::format("; {}: the step time is off by {:.1f} % on average over {} families (bias {:+.1f} %), at worst {:.1f} % ({})",
                    split.split, split.mean_absolute_percent, split.families, split.bias_percent, split.worst_family_percent,
                    split.worst_family);
  }
  return text + ".";
}

std::vector<std::string> failures_of(const ValidationReport& report) {
  std::vector<std::string> lines;
  for (const ValidationRow& row : report.rows) {
    if (!row.failure.empty()) lines.push_back(row.id + ": " + row.failure);
  }
  return lines;
}

}  // namespace

Page validation_page(const ValidationReport& report, const std::string& version) {
  Grid rows = rows_grid(report);
  Grid families = families_grid(report);
  Section answer{.key = "answer", .title = {}, .lead = {}, .blocks = {cards_of(report)}};
  if (std::vector<std::string> failures = failures_of(report); !failures.empty())
    answer.blocks.emplace_back(
        Notes{.kind = NoteKind::Warning, .title = "Runs that could not be predicted", .lines = std::move(failures)});
  Section by_family{.key = "families", .title = "Errors by family", .lead = {}, .blocks = {families_chart(families)}};
  by_family.blocks.emplace_back(
      Table{.key = "families_table",
            .title = "Families",
            .caption = {},
            .grid = std::move(families),
            .notes = {{"mean", "%", "Mean of |predicted / measured - 1| of the step times."},
                      {"worst", "%", "Largest |predicted / measured - 1|."},
                      {"bias", "%", "Mean of predicted / measured - 1: negative is too fast."},
                      {"tau", "", "Kendall's tau of predicted and measured times: 1 is the same order."}},
            .source = validation_source});
  Section agreement{.key = "runs", .title = "Every run", .lead = {}, .blocks = {agreement_chart(rows)}};
  agreement.blocks.emplace_back(Table{.key = "runs_table",
                                      .title = "Runs",
                                      .caption = "Click on a heading to sort.",
                                      .grid = std::move(rows),
                                      .notes = {{"predicted", "s", "Step time that the simulation predicts."},
                                                {"measured", "s", "Step time that the source reports."},
                                                {"error", "%", "100 (predicted / measured - 1)."},
                                                {"mfu", "share", "Predicted model FLOPs utilisation."},
                                                {"measured_mfu", "share", "Reported model FLOPs utilisation."},
                                                {"memory", "B", "Predicted peak memory of the fullest GPU."},
                                                {"source", "", "Where the measured values are printed."},
                                                {"unstated", "", "What the source leaves open."},
                                                {"assumed", "", "What the scenario takes for what the source leaves open."}},
                                      .source = validation_source});
  return {.command = "validate",
          .title = "Predicted against measured",
          .answer = answer_of(report),
          .subtitle = {{"runs", std::to_string(report.rows.size())}, {"families", std::to_string(report.families.size())}},
          .sections = {std::move(answer), std::move(by_family), std::move(agreement)},
          .version = version};
}

}  // namespace mfusim::html
