// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"
#include "study/sweep_axis.hpp"
#include "study/sweep_objective.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mfusim {

/// A condition that configurations must meet to belong to the space.
struct SweepConstraint {
  std::string text;
  Location where;
};

/// Every combination of the values of the axes around one scenario. Configurations are numbered from 0; the last axis varies
/// fastest.
struct SweepSpace {
  std::string name;  ///< Of the scenario file.
  std::filesystem::path folder;
  Node scenario;  ///< The document, without its `sweep:` block.
  std::vector<SweepAxis> axes;
  std::vector<SweepConstraint> constraints;
  Objective objective = Objective::StepTime;
  std::vector<Objective> front;  ///< Objectives of the Pareto front; empty: none is asked for.
  Prices prices;
  std::int64_t size = 1;   ///< Product of the axes' lengths.
  bool open_plan = false;  ///< The scenario names no axes: they are what it leaves open of its plan (study/open_plan.hpp).
  /// What the numbers of the configurations mean: two spaces with the same text have the same configurations in the same order.
  std::string identity;
};

/// Largest space that is swept without a limit, unless the scenario says `largest:`.
constexpr std::int64_t largest_space_by_default = 5'000'000;

enum class Limited { No, Yes };

/// Reads the `sweep:` block of the given scenario; without one, the plan that the scenario leaves open and the key `asked`, if
/// any (study/open_plan.hpp). Throws InputError on an empty axis, a constraint that is no condition, prices that are missing
/// where the cost is asked for, a space over its `largest` size where `limited` is Limited::No, and what search_open_plan()
/// throws.
[[nodiscard]] SweepSpace read_sweep_space(const Node& given, const std::filesystem::path& path, Limited limited,
                                          const std::string& asked = "");

/// Which value each axis has in configuration `index`, in the order of the axes.
[[nodiscard]] std::vector<std::size_t> choices_of(const SweepSpace& space, std::int64_t index);

/// Sets the values of `choices` in a copy of the scenario.
[[nodiscard]] Node configuration_document(const SweepSpace& space, std::int64_t index);

/// Puts one value of an axis into a document that other values of the axis may have been put into before.
void put_value(Node& document, const SweepSpace& space, const SweepAxis& axis, std::size_t choice);

}  // namespace mfusim
