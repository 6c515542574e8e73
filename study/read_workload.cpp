// SPDX-License-Identifier: Apache-2.0
// The `workload:` block of a scenario: phases, a trace, or a distribution.
#include "base/document.hpp"
#include "base/reader.hpp"
#include "model/input_shape.hpp"
#include "sim/check_plan.hpp"
#include "sim/scenario_document.hpp"
#include "study/input_distribution.hpp"
#include "study/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace mfusim {
namespace {

constexpr const char* default_rebuild =
    "30 s";  // Assumption: minutes to tenths of a second are reported; nobody measured it apart

WorkloadPhase read_phase(Reader& reader, const Scenario& scenario) {
  WorkloadPhase phase;
  phase.iterations = checked_size(reader, "iterations", reader.positive_int("iterations"));
  phase.image_size = checked_size(reader, "image_size", reader.positive_int("image_size", *scenario.training.image_size));
  phase.text_length = checked_size(reader, "text_length", reader.positive_int("text_length", *scenario.training.sequence_length));
  Training training = scenario.training;
  training.image_size = phase.image_size;
  training.sequence_length = phase.text_length;
  complete_lengths(reader, scenario.model, training);
  reader.reject_unknown_keys();
  return phase;
}

/// One row of a trace: three positive whole numbers.
WorkloadPhase parse_row(const std::string& line, const std::string& place) {
  std::istringstream fields(line);
  WorkloadPhase phase{.iterations = 0, .image_size = 0, .text_length = 0};
  char first_comma = 0;
  char second_comma = 0;
  fields >> phase.iterations >> first_comma >> phase.image_size >> second_comma >> phase.text_length;
  const bool whole = !fields.fail() && first_comma == ',' && second_comma == ',' && (fields >> std::ws).eof();
  if (!whole || std::min({phase.iterations, phase.image_size, phase.text_length}) < 1) {
    throw InputError(
        fmt::format("{}: expected iterations,image_size,text_length as positive integers, got '{}'", place, shown(line)));
  }
  return phase;
}

/// Rows of a trace as phases; neighbours with the same inputs are one.
std::vector<WorkloadPhase> read_trace(const std::filesystem::path& path, const Scenario& scenario) {
  std::istringstream lines(read_file(path));
  std::vector<WorkloadPhase> phases;
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (number == 1 && line.starts_with("iterations")) continue;
    if (line.empty()) continue;
    const std::string place = fmt::format("{}:{}", path.string(), number);
    const WorkloadPhase row = parse_row(line, place);
    if (!phases.empty() && phases.back().image_size == row.image_size && phases.back().text_length == row.text_length) {
      phases.back().iterations += row.iterations;
      continue;
    }
    InputShape shape;
    shape.image_size = row.image_size;
    shape.text_length = row.text_length;
    try {
      check_input(scenario.model, shape);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: {}", place, error.what()));
    }
    phases.push_back(row);
  }
  if (phases.empty()) throw InputError(fmt::format("{}: a trace without iterations", path.string()));
  return phases;
}

void read_inputs(Reader& reader, const std::filesystem::path& path, const Scenario& scenario, Workload& workload) {
  if (reader.has("distribution")) {
    for (const char* other : {"phases", "trace"}) {
      if (reader.has(other)) reader.fail("distribution", fmt::format("given together with {}: one of them", other));
    }
    workload.distribution = read_distribution(reader.child("distribution"), scenario);
    return;
  }
  if (reader.has("trace")) {
    if (reader.has("phases")) reader.fail("trace", "given together with phases: one of them");
    workload.phases = read_trace(path.parent_path() / reader.word("trace"), scenario);
    return;
  }
  for (Reader& phase : reader.list_of_mappings("phases")) workload.phases.push_back(read_phase(phase, scenario));
  if (workload.phases.empty()) reader.fail("phases", "expected at least one phase, got an empty list");
}

}  // namespace

Workload load_workload(const std::filesystem::path& path, const Settings& settings, const Scenario& scenario) {
  const ScenarioDocument document = load_scenario_document(path, settings);
  Reader root(document.root, "", nullptr);
  Workload workload;
  std::optional<Reader> reader = root.child_if("workload");
  if (!reader) return workload;
  workload.rebuild = reader->quantity<Seconds>("rebuild", default_rebuild);
  if (workload.rebuild < Seconds{}) reader->fail("rebuild", "expected a time that is not negative");
  if (reader->has("reallocate_every"))
    workload.reallocate_every = checked_size(*reader, "reallocate_every", reader->positive_int("reallocate_every"));
  read_inputs(*reader, path, scenario, workload);
  reader->reject_unknown_keys();
  return workload;
}

}  // namespace mfusim
