// SPDX-License-Identifier: Apache-2.0
#include "report/difference.hpp"

#include "report/format.hpp"

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

std::string words_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

void write_run(std::ostream& out, const char* which, const Result& run) {
  out << fmt::format("  {:<8} {:>12}   MFU {:>7}   {:>10} a GPU   {}\n", which, show_time(run.iteration_time),
                     show_percent(run.mfu), show_bytes(run.memory.peak), run.scenario);
}

}  // namespace

Grid difference_grid(const Difference& difference) {
  Grid grid{{{"cause", "cause"}, {"first_s", "first s"}, {"second_s", "second s"}, {"change_s", "change s"}}, {}};
  for (const Difference::Cause& cause : difference.causes)
    grid.rows.push_back({cause.name, cause.first.count(), cause.second.count(), cause.change().count()});
  return grid;
}

void write_table(std::ostream& out, const Difference& difference) {
  write_run(out, "first", difference.first);
  write_run(out, "second", difference.second);
  if (!difference.settings.empty()) {
    out << "\nwhat they ask differently\n";
    Grid grid{{{"key", "key"}, {"first", "first"}, {"second", "second"}}, {}};
    for (const Difference::Setting& setting : difference.settings)
      grid.rows.push_back({setting.path, setting.first, setting.second});
    write_table(out, grid);
  }
  out << fmt::format("\nfrom the first to the second\n  {:<34} {:>12}\n", "first", show_time(difference.first.iteration_time));
  for (const Difference::Cause& cause : difference.causes) {
    if (cause.change() != Seconds{}) out << fmt::format("  {:<34} {:>12}\n", words_of(cause.name), signed_time(cause.change()));
  }
  out << fmt::format("  {:<34} {:>12}\n", "second", show_time(difference.second.iteration_time));
}

void write_json(std::ostream& out, const Difference& difference) {
  json document{{"first", run_json(difference.first)}, {"second", run_json(difference.second)}};
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
