// SPDX-License-Identifier: Apache-2.0
#include "report/format.hpp"
#include "report/html/run_page.hpp"
#include "report/html/waterfall_chart.hpp"
#include "report/waterfall.hpp"

#include <fmt/format.h>

namespace mfusim::html {
namespace {

constexpr const char* timeline_source = "the simulated step of the critical rank, and the model's FLOPs";
constexpr double least_share = 1e-3;  ///< A pixel or so of the chart.

BarChart waterfall_chart(const Result& result) {
  BarChart chart = empty_waterfall("waterfall", "From the peak to the step", timeline_source);
  for (const WaterfallBar& bar : waterfall_bars(result, least_share)) {
    const Meaning meaning = meaning_of(bar.key);
    chart.categories.push_back(meaning.label);
    chart.series.front().bars.push_back({.from = bar.from.count(), .to = bar.to.count(), .colour = bar.key});
    if (!meaning.definition.empty()) chart.meanings.push_back(meaning);
  }
  return chart;
}

Table breakdown_table(const Result& result) {
  Grid grid{{{"part", "part"}, {"time", "time"}, {"share", "of the step"}, {"meaning", "what it is"}}, {}};
  for (const WaterfallBar& bar : waterfall_bars(result, 0)) {
    if (bar.time() == Seconds{}) continue;
    const Meaning meaning = meaning_of(bar.key);
    grid.rows.push_back({meaning.label, bar.time().count(), bar.share, meaning.definition});
  }
  return {.key = "breakdown",
          .title = "Parts of the step",
          .caption = {},
          .grid = std::move(grid),
          .notes = {{"time", "s", "Part of the critical rank's step; the parts sum to the step."},
                    {"share", "share", "Part of the step time."}},
          .source = timeline_source};
}

}  // namespace

Section time_section(const Result& result) {
  return {
      .key = "time",
      .title = "Where the time goes",
      .lead = fmt::format(
          "The ideal time is what the model's FLOPs need at the GPUs' data-sheet peak; what follows is lost, part by part, until "
          "the step is reached. Each instant of {} belongs to exactly one part.",
          has_stages(result) ? fmt::format("the critical rank ({})", show_stage(result, result.critical_rank)) : "a GPU's step"),
      .blocks = {waterfall_chart(result), breakdown_table(result)}};
}

}  // namespace mfusim::html
