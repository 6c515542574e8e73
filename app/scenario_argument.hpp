// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/commands.hpp"
#include "sim/scenario_document.hpp"

#include <string>

namespace mfusim::app {

/// A scenario of the command line: a file, or one case of a file that holds many.
struct ScenarioArgument {
  std::string file;
  std::string case_id;  ///< Empty: the file is one scenario.
};

/// Adds the positional SCENARIO and `--case`.
void add_scenario_argument(CLI::App& command, ScenarioArgument& argument);

/// The document that the argument names, with the settings laid over it. Throws InputError as `check_scenario_argument` does.
[[nodiscard]] ScenarioDocument load_argument(const ScenarioArgument& argument, const Settings& settings);

/// Throws InputError where `path` cannot be a scenario, and says what a newcomer may have meant: a file whose name is near, a
/// file of a folder, a model of the catalog.
void check_scenario_argument(const std::string& path);

/// Throws InputError where `path` is a scenario although a model was asked for.
void check_model_argument(const std::string& path);

}  // namespace mfusim::app
