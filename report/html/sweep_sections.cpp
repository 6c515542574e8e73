// SPDX-License-Identifier: Apache-2.0
#include "report/html/sweep_sections.hpp"

#include "report/difference.hpp"
#include "report/format.hpp"
#include "report/html/grid_charts.hpp"
#include "report/html/study_pages.hpp"
#include "report/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mfusim::html {
namespace {

constexpr const char* sections_source =
    "simulation of each configuration; counts by the memory model and the rules of a scenario";
constexpr std::size_t longest_word = 60;

/// Long words of a grid are cut.
Grid with_short_words(Grid grid) {
  for (std::vector<Cell>& row : grid.rows) {
    for (Cell& cell : row) {
      if (auto* word = std::get_if<std::string>(&cell)) *word = cut(*word, longest_word);
    }
  }
  return grid;
}

/// The first values of each axis, so many that all axes together are not too many.
SweepAnswer with_fewer_effects(const SweepAnswer& answer, std::size_t most) {
  SweepAnswer few;
  few.best = answer.best;
  std::map<std::string, std::size_t> of_axis;
  for (const AxisEffect& effect : answer.effects) {
    if (of_axis[effect.path]++ < most) few.effects.push_back(effect);
  }
  return few;
}

Section effects_section(const SweepAnswer& answer) {
  constexpr std::size_t most_values = 2000;
  const std::size_t most = std::max<std::size_t>(1, most_values / std::max<std::size_t>(answer.axes.size(), 1));
  const SweepAnswer few = with_fewer_effects(answer, most);
  const std::string caption =
      few.effects.size() < answer.effects.size() ? fmt::format("The first {} values of each axis.", most) : "";
  return {.key = "effects",
          .title = "What each value can reach",
          .lead = "The best configuration that has the value, whatever the other axes are.",
          .blocks = {Table{.key = "effects_table",
                           .title = "Values of the axes",
                           .caption = caption,
                           .grid = with_short_words(without_units(sweep_effects_grid(few))),
                           .notes = {{"fits", "", "Configurations with this value that fit into memory."},
                                     {"best_iteration_time_s", "s", "Step time of the best one with this value."},
                                     {"mfu", "share", "Its model FLOPs utilisation."},
                                     {"behind_percent", "%", "How far it is behind the best of all, by the sweep's objective."}},
                           .source = sections_source}}};
}

Grid best_two_settings(const Difference& difference) {
  Grid grid = settings_grid(difference);
  grid.columns = {{"key", "key"}, {"best", "best"}, {"runner_up", "runner-up"}};
  return grid;
}

Section best_two_section(const Difference& difference) {
  const std::string lead =
      fmt::format("{} takes {}, {} {}.", difference.first.scenario, show_time(difference.first.iteration_time),
                  difference.second.scenario, show_time(difference.second.iteration_time));
  Table settings{.key = "best_two_settings",
                 .title = "What they ask differently",
                 .caption = {},
                 .grid = with_short_words(best_two_settings(difference)),
                 .notes = {},
                 .source = "the scenario of the sweep"};
  Table causes{.key = "best_two_causes",
               .title = "Where the difference comes from",
               .caption = "Exclusive parts of the step; their changes add up to the difference of the times.",
               .grid = without_units(difference_grid(difference)),
               .notes = {{"first_s", "s", "In the step of the best."},
                         {"second_s", "s", "In the step of the runner-up."},
                         {"change_s", "s", "How much longer it is in the step of the runner-up."}},
               .source = "simulation of both steps"};
  return {.key = "best_two",
          .title = "What separates the best two",
          .lead = lead,
          .blocks = {std::move(settings), std::move(causes)}};
}

Section no_best_two_section(const SweepAnswer& answer) {
  Notes notes{.kind = NoteKind::Plain, .title = "Why it is not said", .lines = {answer.no_best_two}};
  return {.key = "best_two", .title = "What separates the best two", .lead = {}, .blocks = {std::move(notes)}};
}

Section launch_section(const SweepAnswer& answer) {
  Notes notes{.kind = NoteKind::Plain, .title = "The best, without paths of data", .lines = answer.launch};
  if (!answer.no_launch.empty()) notes.lines = {"There is no such command: " + answer.no_launch};
  return {.key = "launch", .title = "How it is launched", .lead = {}, .blocks = {std::move(notes)}};
}

Section invalid_section(const SweepAnswer& answer) {
  Grid grid{{{"key", "key"}, {"count", "configurations"}, {"configuration", "first"}, {"reason", "what it breaks"}}, {}};
  for (const auto& [key, rows] : answer.counts.invalid_by_key)
    grid.rows.push_back({key, rows.count, rows.first, cut(rows.reason, 3 * longest_word)});
  return {.key = "invalid",
          .title = "What is invalid",
          .lead = "Configurations that break a rule of the scenario, by the key of the rule.",
          .blocks = {Table{.key = "invalid_table",
                           .title = "Rules",
                           .caption = {},
                           .grid = std::move(grid),
                           .notes = {{"configuration", "", "Number of the first configuration that breaks a rule of this key."}},
                           .source = "the rules of a scenario"}}};
}

}  // namespace

std::vector<Section> sweep_sections(const SweepAnswer& answer) {
  std::vector<Section> sections;
  if (answer.best_two) sections.push_back(best_two_section(*answer.best_two));
  if (!answer.no_best_two.empty()) sections.push_back(no_best_two_section(answer));
  sections.push_back(effects_section(answer));
  if (!answer.launch.empty() || !answer.no_launch.empty()) sections.push_back(launch_section(answer));
  if (answer.counts.invalid > 0 && !answer.counts.invalid_by_key.empty()) sections.push_back(invalid_section(answer));
  return sections;
}

std::string cut(const std::string& text, std::size_t longest) {
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  const auto continues = [&](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  while (end > 0 && continues(text[end])) --end;
  return text.substr(0, end) + "...";
}

std::size_t written_size(const std::string& text) {
  constexpr std::size_t escaped = 6;  // \u003c
  std::size_t bytes = 0;
  for (const char c : text) bytes += static_cast<unsigned char>(c) < ' ' || c == '<' || c == '"' || c == '\\' ? escaped : 1;
  return bytes;
}

}  // namespace mfusim::html
