// SPDX-License-Identifier: Apache-2.0
#include "report/html/run_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mfusim::html {
namespace {

constexpr const char* operators_source = "the simulated step of the critical rank, and the GPU's data sheet";

bool on_roofline(const OperatorUse& use) {
  return is_kernel(use.step) && use.intensity() > 0 && use.time > Seconds{};
}

/// A series of the chart for each class of kernels, in the order of the classes.
std::vector<PointSeries> operator_dots(const std::vector<OperatorUse>& operators) {
  std::vector<PointSeries> series;
  const Seconds longest = operators.empty() ? Seconds(1) : operators.front().time;
  for (const StepClass one : {StepClass::Matmul, StepClass::Attention, StepClass::Recompute}) {
    PointSeries dots{.name = meaning_of(to_string(one)).label, .colour = to_string(one), .style = PointStyle::Dots, .points = {}};
    for (const OperatorUse& use : operators) {
      if (use.step.step_class != one || !on_roofline(use)) continue;
      dots.points.push_back({.x = use.intensity(),
                             .y = use.flop_rate().value(),
                             .weight = use.time / longest,
                             .label = fmt::format("{}, {}", use.step.name, use.step.shape)});
    }
    if (!dots.points.empty()) series.push_back(std::move(dots));
  }
  return series;
}

/// From the least intensity of the operators to the most, with the corner where the bandwidth stops to limit.
PointSeries roof_line(const std::vector<OperatorUse>& operators, const Roof& roof) {
  const double corner = roof.peak.value() / roof.bandwidth.value();
  double low = corner / 4;
  double high = corner * 4;
  for (const OperatorUse& use : operators) {
    if (!on_roofline(use)) continue;
    low = std::min(low, use.intensity() / 2);
    high = std::max(high, use.intensity() * 2);
  }
  PointSeries line{.name = "data sheet: peak and memory bandwidth", .colour = "roof", .style = PointStyle::Line, .points = {}};
  for (const double intensity : {low, corner, high})
    line.points.push_back(
        {.x = intensity, .y = roofline(intensity, roof.peak, roof.bandwidth).value(), .weight = 0, .label = {}});
  return line;
}

PointChart roofline_chart(const std::vector<OperatorUse>& operators, const Roof& roof) {
  PointChart chart{.key = "roofline",
                   .title = "Operators under the roofline",
                   .caption =
                       "Area of a dot: its share of the time. Kernels without matrix FLOPs have no place here; the table has "
                       "them with the bandwidth that they reach.",
                   .x = {.title = "FLOPs a byte of memory traffic", .unit = "", .scale = Scale::Logarithmic},
                   .y = {.title = "achieved rate", .unit = "FLOP/s", .scale = Scale::Logarithmic},
                   .series = operator_dots(operators),
                   .source = operators_source};
  chart.series.push_back(roof_line(operators, roof));
  return chart;
}

/// How close a kernel comes to what limits it: its roof where it has FLOPs, the bandwidth where it has none.
Cell of_roof(const OperatorUse& use, const Roof& roof) {
  if (!is_kernel(use.step) || use.step.bytes <= Bytes()) return {};
  if (use.intensity() > 0) return use.flop_rate() / roofline(use.intensity(), roof.peak, roof.bandwidth);
  return use.byte_rate() / roof.bandwidth;
}

Cell positive(double value) {
  return value > 0 ? Cell(value) : Cell();
}

Grid operators_grid(const std::vector<OperatorUse>& operators, const Roof& roof) {
  Grid grid{{{"name", "operator"},
             {"shape", "shape"},
             {"class", "class"},
             {"count", "count"},
             {"time", "time"},
             {"each", "each"},
             {"slowed", "slowed"},
             {"rate", "rate", 3},
             {"bandwidth", "bandwidth", 3},
             {"roof", "of its roof"},
             {"provenance", "stands on"}},
            {}};
  for (const OperatorUse& use : operators) {
    const Step& step = use.step;
    grid.rows.push_back({step.name, step.shape, meaning_of(to_string(step.step_class)).label, use.count, use.time.count(),
                         use.time.count() / static_cast<double>(use.count), positive((use.time - use.alone).count()),
                         positive(use.flop_rate().value()), positive(use.byte_rate().value()), of_roof(use, roof),
                         to_string(step.provenance) + (step.outside_measured_region ? ", outside the measured region" : "")});
  }
  return grid;
}

Table operators_table(const std::vector<OperatorUse>& operators, const Roof& roof) {
  return {
      .key = "operators_table",
      .title = "Operators of the critical rank",
      .caption = "Click on a heading to sort.",
      .grid = operators_grid(operators, roof),
      .notes = {{"count", "", "How often it runs on the critical rank in one step."},
                {"time", "s", "From start to end, all occurrences together; what runs side by side counts in full."},
                {"each", "s", "Time of one occurrence, on average."},
                {"slowed", "s", "Part of the time that it would not take alone: what runs beside it shares the GPU."},
                {"rate", "FLOP/s", "Matrix FLOPs / time."},
                {"bandwidth", "B/s", "Bytes moved in memory, or sent by the rank, / time."},
                {"roof", "share",
                 "Achieved rate / min(peak, FLOPs a byte x memory bandwidth) by the data sheet; for kernels without matrix FLOPs "
                 "achieved / data-sheet bandwidth. Caches can lift it above 100 %."},
                {"provenance", "", "What the time stands on: measured, interpolated, fitted, data sheet or assumed."}},
      .source = operators_source};
}

}  // namespace

Section operators_section(const std::vector<OperatorUse>& operators, const Roof& roof) {
  return {
      .key = "operators",
      .title = "Operators and the roofline",
      .lead =
          "A kernel can be no faster than the GPU's peak, and no faster than memory feeds it. Dots far below the line are where "
          "kernels lose time.",
      .blocks = {roofline_chart(operators, roof), operators_table(operators, roof)}};
}

}  // namespace mfusim::html
