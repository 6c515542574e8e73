// SPDX-License-Identifier: Apache-2.0
#include "report/explanation.hpp"
#include "report/format.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/study_pages.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim::html {
namespace {

constexpr const char* source = "simulation of the scenario with this one input changed";

Section losses_section(const Explanation& explanation) {
  Notes losses{.kind = NoteKind::Plain, .title = "Where the time goes", .lines = {}};
  for (const LostTime& loss : explanation.losses) losses.lines.push_back(loss_sentence(loss));
  return {.key = "losses", .title = "The largest losses", .lead = {}, .blocks = {losses}};
}

BarChart levers_chart(const Grid& levers) {
  BarChart chart = bars_of(levers, {.key = "levers_chart",
                                    .title = "What one change would buy",
                                    .caption = "Samples a second against the scenario as it stands; all else as it is.",
                                    .axis = {.title = "samples a second", .unit = "%"},
                                    .labels = {"lever"},
                                    .values = {{"gain_percent", "gain", "matmul"}}});
  chart.numbers = NumbersPlace::InTable;
  chart.source = source;
  return chart;
}

Cards cards_of(const Result& result) {
  return {{"iteration_time_s", result.iteration_time.count(), "s", {}, meaning_of("iteration_time_s")},
          {"mfu", result.mfu, "share", {}, meaning_of("mfu")}};
}

Table levers_table(Grid levers) {
  return {.key = "levers_table",
          .title = "Changes",
          .caption = "Changes of kind 'model' train another network.",
          .grid = without_units(std::move(levers)),
          .notes = {{"gain_percent", "%", "Samples a second against the scenario as it stands."},
                    {"iteration_time_s", "s", "Step time for the scenario's own number of samples."},
                    {"fits", "", "Whether the job still fits into memory."}},
          .source = source};
}

}  // namespace

Page explain_page(const Explanation& explanation) {
  const Result& result = explanation.result;
  StudyHead head{.title = result.model + " explained",
                 .answer = explanation_headline(result),
                 .subtitle = {{"scenario", result.scenario}, {"GPUs", fmt::format("{} x {}", result.gpus, result.gpu)}},
                 .cards = cards_of(result),
                 .warnings = {},
                 .version = result.version};
  const Grid levers = levers_grid(explanation);
  Page page = grid_page("explain", head, {levers_chart(levers)}, levers_table(levers));
  page.sections.insert(page.sections.begin() + 1, losses_section(explanation));
  if (explanation.impossible.empty()) return page;
  Notes refused{.kind = NoteKind::Plain, .title = "Changes that are not possible here", .lines = {}};
  for (const Explanation::Impossible& one : explanation.impossible) refused.lines.push_back(one.lever + ": " + one.reason);
  page.sections.back().blocks.emplace_back(std::move(refused));
  return page;
}

}  // namespace mfusim::html
