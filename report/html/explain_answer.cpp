// SPDX-License-Identifier: Apache-2.0
#include "report/explanation.hpp"
#include "report/format.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/study_pages.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim::html {
namespace {

constexpr const char* explanation_source = "simulation of the scenario with this one input changed";

Section losses_section(const Explanation& explanation) {
  Notes losses{.kind = NoteKind::Plain, .title = "Where the time goes", .lines = {}};
  for (const LostTime& loss : explanation.losses) losses.lines.push_back(loss_sentence(loss));
  return {.key = "losses", .title = "The largest losses", .lead = {}, .blocks = {losses}};
}

/// Grey bars stand for what the memory does not allow; what changes nothing has no bar.
BarChart levers_chart(const Explanation& explanation) {
  BarChart chart{.key = "levers_chart",
                 .title = "What one change would buy",
                 .caption =
                     "Samples a second against the scenario as it stands; all else as it is. Grey: it would not fit into "
                     "memory. Changes that buy or cost less than 0.05 % are in the table below.",
                 .axis = {.title = "samples a second", .unit = "%"},
                 .categories = {},
                 .series = {{.name = "gain", .colour = "fits", .bars = {}}},
                 .mark = {},
                 .meanings = {},
                 .numbers = NumbersPlace::InTable,
                 .source = explanation_source};
  for (const LeverOutcome& lever : explanation.levers) {
    if (no_effect(lever)) continue;
    chart.categories.push_back(fmt::format("{} ({})", lever.name, lever.fits ? to_string(lever.kind) : "does not fit"));
    const char* colour = !lever.fits ? "too large" : lever.gain_percent > 0 ? "fits" : "slower";
    chart.series.front().bars.push_back({.from = 0, .to = lever.gain_percent, .colour = colour});
  }
  return chart;
}

Cards cards_of(const Result& result) {
  return {{"iteration_time_s", result.iteration_time.count(), "s", {}, meaning_of("iteration_time_s")},
          {"mfu", result.mfu, "share", {}, meaning_of("mfu")},
          {"peak_bytes", result.memory.peak.value(), "B",
           fmt::format("of {} a GPU: {}", show_bytes(result.memory.capacity), result.memory.fits ? "fits" : "DOES NOT FIT"),
           meaning_of("peak_bytes")}};
}

Table levers_table(Grid levers) {
  return {.key = "levers_table",
          .title = "Changes",
          .caption = "Kind: 'hardware' is another machine, 'model' another network; the others are settings of the scenario.",
          .grid = without_units(std::move(levers)),
          .notes = {{"gain_percent", "%", "Samples a second against the scenario as it stands."},
                    {"iteration_time_s", "s", "Step time for the scenario's own number of samples."},
                    {"fits", "", "Whether the job still fits into memory."},
                    {"peak_bytes", "B", "Most memory that a GPU of the fullest stage would hold at one time."}},
          .source = explanation_source};
}

}  // namespace

Page explain_page(const Explanation& explanation) {
  const Result& result = explanation.result;
  StudyHead head{.title = result.model + " explained",
                 .answer = explanation_headline(explanation),
                 .subtitle = {{"scenario", result.scenario}, {"GPUs", fmt::format("{} x {}", result.gpus, result.gpu)}},
                 .cards = cards_of(result),
                 .warnings = {},
                 .version = result.version};
  const Grid levers = levers_grid(explanation);
  Page page = grid_page("explain", head, {levers_chart(explanation)}, levers_table(levers));
  page.sections.insert(page.sections.begin() + 1, losses_section(explanation));
  if (explanation.impossible.empty()) return page;
  Notes refused{.kind = NoteKind::Plain, .title = "Changes that are not possible here", .lines = {}};
  for (const Explanation::Impossible& one : explanation.impossible) refused.lines.push_back(one.lever + ": " + one.reason);
  page.sections.back().blocks.emplace_back(std::move(refused));
  return page;
}

}  // namespace mfusim::html
