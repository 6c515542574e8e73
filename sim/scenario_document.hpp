// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"
#include "sim/scenario.hpp"

#include <filesystem>
#include <string>

namespace mfusim {

/// A scenario's file before it is read: studies change keys of it and read it again.
struct ScenarioDocument {
  Node root;  ///< With what the file extends beneath it, and with the settings of the command line.
  std::filesystem::path folder;
  std::string name;
};

/// Throws InputError where the file, or one that it extends, cannot be parsed.
[[nodiscard]] ScenarioDocument load_scenario_document(const std::filesystem::path& path, const Settings& settings = {});

/// The scenario of a document, checked.
[[nodiscard]] Scenario read_scenario(const ScenarioDocument& document);

}  // namespace mfusim
