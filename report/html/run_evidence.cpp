// SPDX-License-Identifier: Apache-2.0
#include "report/html/run_page.hpp"

namespace mfusim::html {
namespace {

BarChart provenance_chart(const Result& result) {
  BarChart chart{.key = "provenance",
                 .title = "What the times stand on",
                 .caption = "Share of the critical rank's kernel and communication time.",
                 .axis = {.title = "share of the time", .unit = "share"},
                 .categories = {"critical rank"},
                 .series = {},
                 .mark = {},
                 .meanings = {meaning_of("provenance")},
                 .numbers = NumbersPlace::Below,
                 .source = "the GPU's catalog entry (mfusim hardware NAME)"};
  for (const Result::ProvenanceShare& share : result.provenance) {
    if (share.time_share > 0)
      chart.series.push_back(
          {.name = share.kind, .colour = share.kind, .bars = {{.from = 0, .to = share.time_share, .colour = {}}}});
  }
  return chart;
}

Table defaults_table(const UsedDefaults& defaults) {
  Grid grid{{{"key", "key"}, {"value", "value used"}}, {}};
  for (const UsedDefault& used : defaults) grid.rows.push_back({used.path, used.value});
  return {.key = "defaults",
          .title = "Defaults that stood in for missing keys",
          .caption = "Each can be set in the scenario, or with --set key=value.",
          .grid = std::move(grid),
          .notes = {},
          .source = "the reader of the scenario"};
}

}  // namespace

Section evidence_section(const Result& result) {
  Section section{.key = "evidence",
                  .title = "What was guessed",
                  .lead = "The range of the step time: " + result.range.based_on + ".",
                  .blocks = {provenance_chart(result)}};
  if (!result.outside_measured_region.empty()) {
    section.blocks.emplace_back(Notes{.kind = NoteKind::Plain,
                                      .title = "Shapes outside what was measured: their times are extrapolated",
                                      .lines = result.outside_measured_region});
  }
  if (!result.defaults.empty()) section.blocks.emplace_back(defaults_table(result.defaults));
  return section;
}

}  // namespace mfusim::html
