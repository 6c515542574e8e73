// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"
#include "sim/scenario.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mfusim {

/// A scenario's file before it is read: studies change keys of it and read it again.
struct ScenarioDocument {
  Node root;  ///< With what the file extends beneath it, and with the settings of the command line.
  std::filesystem::path folder;
  std::string name;
};

/// Throws InputError where the file, or one that it extends, cannot be parsed.
[[nodiscard]] ScenarioDocument load_scenario_document(const std::filesystem::path& path, const Settings& settings = {});

/// The files that a scenario is read from: its own, those that it extends, one beneath the other, and a model that is a file.
/// What cannot be read ends the list: this throws nothing.
[[nodiscard]] std::vector<std::filesystem::path> files_of_scenario(const std::filesystem::path& path);

/// The scenario of a document, checked.
[[nodiscard]] Scenario read_scenario(const ScenarioDocument& document);

}  // namespace mfusim
