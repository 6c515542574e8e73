// SPDX-License-Identifier: Apache-2.0
#include "app/scenario_argument.hpp"

#include "base/document.hpp"
#include "base/input_error.hpp"
#include "base/nearest.hpp"
#include "model/read_model.hpp"
#include "study/case_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace mfusim::app {
namespace {

namespace fs = std::filesystem;

bool is_scenario_name(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

/// Scenario files of a folder, by name; none where it cannot be read.
std::vector<std::string> scenarios_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder.empty() ? fs::path(".") : folder, error), end; !error && at != end; at.increment(error)) {
    if (is_scenario_name(at->path())) names.push_back((folder / at->path().filename()).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string files_near(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  std::vector<std::string> names = scenarios_in(folder);
  for (const std::string& name : scenarios_in(folder / "scenarios")) names.push_back(name);
  return suggestion(path, names);
}

}  // namespace

void add_scenario_argument(CLI::App& command, ScenarioArgument& argument) {
  command.add_option("scenario", argument.file, "Scenario file (YAML)")->required()->option_text("SCENARIO");
  command.add_option("--case", argument.case_id, "The case with this id, of a file that holds many under `cases:`")
      ->option_text("ID");
}

ScenarioDocument load_argument(const ScenarioArgument& argument, const Settings& settings) {
  check_scenario_argument(argument.file);
  if (argument.case_id.empty()) return load_scenario_document(argument.file, settings);
  return load_case_document(argument.file, argument.case_id, settings);
}

void check_scenario_argument(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    const std::vector<std::string> names = scenarios_in(path);
    throw InputError(
        fmt::format("{}: expected a scenario file (YAML), got a folder{}", shown(path),
                    names.empty() ? "" : fmt::format("; it holds {} scenarios, as {}", names.size(), names.front())));
  }
  if (fs::exists(status)) return;
  const std::vector<std::string> models = model_names();
  if (std::find(models.begin(), models.end(), path) != models.end()) {
    throw InputError(
        fmt::format("{0}: expected a scenario file (YAML), got a model of the catalog: `mfusim flops {0}` counts it; a "
                    "scenario names it as `model: {0}`",
                    path));
  }
  throw InputError(fmt::format("{}: no such file{}", shown(path), files_near(path)));
}

void check_model_argument(const std::string& path) {
  if (!is_scenario_name(path) || !fs::is_regular_file(path)) return;
  const Node document = load_document(path);
  const auto has = [&](const char* key) {
    return std::any_of(document.members.begin(), document.members.end(), [&](const auto& member) { return member.key == key; });
  };
  if (has("cluster") || has("training") || has("extends")) {
    throw InputError(
        fmt::format("{0}: expected a model (a catalog name, or a config.json), got a scenario: `mfusim run {0}` "
                    "simulates it",
                    shown(path)));
  }
}

}  // namespace mfusim::app
