// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// What a split must keep to.
struct SplitRules {
  enum class Nodes { Any, Whole };
  enum class Batch { Uneven, Divides };
  Nodes nodes = Nodes::Any;     ///< Whole: each tower has whole nodes.
  Batch batch = Batch::Uneven;  ///< Divides: every rank of a tower holds equally many samples.
};

/// The vision tower's GPUs in every disjoint split that keeps the rules, ascending; none where there is no such split.
[[nodiscard]] std::vector<int> splits_within(const Scenario& scenario, const SplitRules& rules);

/// Why a scenario cannot be split: the section and the key that are wrong, and the rule with the value.
struct SplitFault {
  std::string section;  ///< Empty: the key stands at the top.
  std::string key;
  std::string rule;
};
[[nodiscard]] std::optional<SplitFault> split_fault(const Scenario& scenario, const SplitRules& rules);

/// Throws InputError with the place in the scenario's file where split_fault finds one.
void check_split(const std::filesystem::path& path, const Settings& settings, const Scenario& scenario, const SplitRules& rules);

}  // namespace mfusim
