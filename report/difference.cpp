// SPDX-License-Identifier: Apache-2.0
#include "report/difference.hpp"

#include "report/bar_rows.hpp"
#include "report/format.hpp"
#include "report/glossary.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

json run_json(const Result& result) {
  return {{"scenario", result.scenario},
          {"iteration_time_s", result.iteration_time.count()},
          {"mfu", result.mfu},
          {"samples_per_s", result.samples_per_s},
          {"peak_bytes", std::llround(result.memory.peak.value())}};
}

std::string signed_time(Seconds time) {
  return (time < Seconds{} ? "-" : "+") + show_time(Seconds(std::abs(time.count())));
}

void write_run(std::ostream& out, const char* which, const Result& run, const TerminalStyle& style) {
  write_wrapped(out,
                printable(fmt::format("  {:<7}{:>11}   MFU {:>6}   {:>9} a GPU{}   {}", which, show_time(run.iteration_time),
                                      show_percent(run.mfu), show_bytes(run.memory.peak),
                                      run.memory.fits ? "" : " (DOES NOT FIT)", run.scenario)),
                9, style);
}

/// A bar from where the change above it ended; the first and the last row are the two steps.
std::vector<BarRow> change_rows(const Difference& difference) {
  const Seconds first = difference.first.iteration_time;
  const Seconds second = difference.second.iteration_time;
  Seconds scale = std::max(first, second);
  Seconds at = first;
  for (const Difference::Cause& cause : difference.causes) scale = std::max(scale, at += cause.change());
  at = first;
  const auto whole = [&](const char* name, Seconds time) {
    return BarRow{name, show_time(time), "", 0, time / scale, '=', Tone::Good};
  };
  std::vector<BarRow> rows{whole("first", first)};
  for (const Difference::Cause& cause : difference.causes) {
    if (cause.change() == Seconds{}) continue;
    const bool gain = cause.change() < Seconds{};
    rows.push_back({meaning_of(cause.name).label, signed_time(cause.change()),
                    fmt::format("{:+.1f} %", 100 * (cause.change() / first)), at / scale, (at + cause.change()) / scale,
                    gain ? '<' : '#', gain ? Tone::Gain : Tone::Loss});
    at += cause.change();
  }
  rows.push_back(whole("second", second));
  return rows;
}

double samples_of(const Result& result) {
  return result.samples_per_s * result.iteration_time.count();
}

/// What stood in for a key that was not given is said so.
std::string shown_setting(const std::string& value, const std::string& path, const Result& result) {
  if (!value.empty()) return value;
  const auto& defaults = result.defaults;
  const auto used = std::find_if(defaults.begin(), defaults.end(), [&](const UsedDefault& one) { return one.path == path; });
  return used == defaults.end() ? "-" : used->value + " (default)";
}

bool same_samples(const Result& first, const Result& second) {
  constexpr double rounding = 1e-6;
  return std::abs(samples_of(second) / samples_of(first) - 1) < rounding;
}

}  // namespace

std::string difference_sentence(const Difference& difference) {
  const Result& first = difference.first;
  const Result& second = difference.second;
  const double change = second.iteration_time / first.iteration_time - 1;
  if (first.iteration_time == second.iteration_time && same_samples(first, second))
    return fmt::format("Both steps take {}.", show_time(first.iteration_time));
  std::string text = fmt::format("The second step takes {}, {:.1f} % {} than the first ({})", show_time(second.iteration_time),
                                 100 * std::abs(change), change < 0 ? "less" : "more", show_time(first.iteration_time));
  std::string reasons;
  constexpr std::size_t told = 2;
  for (std::size_t i = 0; i < std::min(told, difference.causes.size()); ++i) {
    const Difference::Cause& cause = difference.causes[i];
    if (cause.change() == Seconds{}) continue;
    reasons +=
        fmt::format("{} {} ({})", reasons.empty() ? "" : " and", meaning_of(cause.name).label, signed_time(cause.change()));
  }
  if (!reasons.empty()) text += ", most of all in" + reasons;
  text += '.';
  if (same_samples(first, second)) return text;
  return text + fmt::format(" It trains {:.4g} times the samples: {:+.1f} % samples a second.",
                            samples_of(second) / samples_of(first), 100 * (second.samples_per_s / first.samples_per_s - 1));
}

Grid difference_grid(const Difference& difference) {
  Grid grid{{{"cause", "cause"}, {"first_s", "first s"}, {"second_s", "second s"}, {"change_s", "change s"}}, {}};
  for (const Difference::Cause& cause : difference.causes)
    grid.rows.push_back({cause.name, cause.first.count(), cause.second.count(), cause.change().count()});
  return grid;
}

Grid settings_grid(const Difference& difference) {
  Grid grid{{{"key", "key"}, {"first", "first"}, {"second", "second"}}, {}};
  for (const Difference::Setting& setting : difference.settings) {
    grid.rows.push_back({setting.path, shown_setting(setting.first, setting.path, difference.first),
                         shown_setting(setting.second, setting.path, difference.second)});
  }
  return grid;
}

void write_table(std::ostream& out, const Difference& difference) {
  const TerminalStyle style = style_of(out);
  write_wrapped(out, difference_sentence(difference), 2, style);
  out << '\n';
  write_run(out, "first", difference.first, style);
  write_run(out, "second", difference.second, style);
  if (!difference.settings.empty()) {
    out << '\n' << painted("what they ask differently", Tone::Heading, style) << '\n';
    write_table(out, settings_grid(difference));
  }
  out << '\n' << painted("from the first to the second", Tone::Heading, style) << '\n';
  write_bar_rows(out, change_rows(difference));
}

void write_json(std::ostream& out, const Difference& difference) {
  json document{{"first", run_json(difference.first)}, {"second", run_json(difference.second)}};
  document["sentence"] = difference_sentence(difference);
  document["settings"] = json::array();
  for (const Difference::Setting& setting : difference.settings)
    document["settings"].push_back({{"key", setting.path}, {"first", setting.first}, {"second", setting.second}});
  document["causes"] = json::array();
  for (const Difference::Cause& cause : difference.causes) {
    document["causes"].push_back({{"cause", cause.name},
                                  {"first_s", cause.first.count()},
                                  {"second_s", cause.second.count()},
                                  {"change_s", cause.change().count()}});
  }
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

}  // namespace mfusim
