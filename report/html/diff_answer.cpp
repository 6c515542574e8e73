// SPDX-License-Identifier: Apache-2.0
#include "report/difference.hpp"
#include "report/format.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/study_pages.hpp"
#include "report/html/waterfall_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mfusim::html {
namespace {

constexpr const char* difference_source = "the simulated steps of the two critical ranks";

Cards cards_of(const Difference& difference) {
  Cards cards;
  const auto add = [&](const std::string& key, const std::string& which, double value, const char* unit, std::string note) {
    Meaning meaning = meaning_of(key);
    meaning.label = which + " " + meaning.label;
    cards.push_back({which + "_" + key, value, unit, std::move(note), std::move(meaning)});
  };
  for (const auto& [which, run] : {std::pair("first", &difference.first), std::pair("second", &difference.second)}) {
    add("iteration_time_s", which, run->iteration_time.count(), "s", fmt::format("{:.5g} samples/s", run->samples_per_s));
    add("mfu", which, run->mfu, "share",
        fmt::format("{} a GPU: {}", show_bytes(run->memory.peak), run->memory.fits ? "fits" : "DOES NOT FIT"));
  }
  return cards;
}

/// Changes below a thousandth of the step are one bar: they sum, so the last bar still ends at the second step.
BarChart changes_chart(const Difference& difference) {
  constexpr double least_share = 1e-3;
  BarChart chart = empty_waterfall("changes", "From the first step to the second", difference_source);
  const auto add = [&](const std::string& label, Seconds from, Seconds to, const Colour& colour) {
    chart.categories.push_back(label);
    chart.series.front().bars.push_back({.from = from.count(), .to = to.count(), .colour = colour});
  };
  const Seconds first = difference.first.iteration_time;
  add("first", Seconds{}, first, "step");
  Seconds at = first;
  Seconds small{};
  for (const Difference::Cause& cause : difference.causes) {
    if (std::abs(cause.change() / first) < least_share) {
      small += cause.change();
      continue;
    }
    const Meaning meaning = meaning_of(cause.name);
    add(meaning.label, at, at + cause.change(), cause.change() < Seconds{} ? "gain" : "cost");
    if (!meaning.definition.empty()) chart.meanings.push_back(meaning);
    at += cause.change();
  }
  if (std::abs(small / first) >= least_share) add("smaller parts", at, at + small, small < Seconds{} ? "gain" : "cost");
  add("second", Seconds{}, difference.second.iteration_time, "step");
  return chart;
}

Table causes_table(const Difference& difference) {
  Grid grid = without_units(difference_grid(difference));
  for (auto& row : grid.rows) row.front() = meaning_of(std::get<std::string>(row.front())).label;
  return {.key = "causes_table",
          .title = "Parts of the two steps",
          .caption = {},
          .grid = std::move(grid),
          .notes = {{"first_s", "s", "The part's share of the first step; the parts sum to the step."},
                    {"second_s", "s", "The part's share of the second step; the parts sum to the step."},
                    {"change_s", "s", "Second - first; the changes sum to the difference of the steps."}},
          .source = difference_source};
}

Table settings_table(const Difference& difference) {
  return {.key = "settings_table",
          .title = "What they ask differently",
          .caption = difference.settings.empty() ? "Nothing: both scenarios are the same." : "",
          .grid = settings_grid(difference),
          .notes = {},
          .source = "the two scenarios"};
}

}  // namespace

Page diff_page(const Difference& difference) {
  const Result& first = difference.first;
  const Result& second = difference.second;
  const StudyHead head{
      .title = "Two steps compared",
      .answer = difference_sentence(difference),
      .subtitle = {{"first", fmt::format("{}: {} on {} x {}", first.scenario, first.model, first.gpus, first.gpu)},
                   {"second", fmt::format("{}: {} on {} x {}", second.scenario, second.model, second.gpus, second.gpu)}},
      .cards = cards_of(difference),
      .warnings = {},
      .version = first.version};
  Page page = grid_page("diff", head, {changes_chart(difference)}, causes_table(difference));
  page.sections[1].title = "Where the difference comes from";
  page.sections.insert(page.sections.begin() + 1,
                       {.key = "settings", .title = "The question", .lead = {}, .blocks = {settings_table(difference)}});
  return page;
}

}  // namespace mfusim::html
