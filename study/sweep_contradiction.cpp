// SPDX-License-Identifier: Apache-2.0
// Which constraints leave nothing of a space.
#include "study/sweep_constraints.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

/// How many configurations meet what.
struct Met {
  std::vector<std::int64_t> alone;
  std::vector<std::int64_t> together;            ///< With all constraints before it.
  std::vector<std::vector<std::int64_t>> pairs;  ///< With each one before it.
};

Met count_met(const SweepSpace& space) {
  const std::size_t count = space.constraints.size();
  SweepConstraints constraints(space);
  Met met{std::vector<std::int64_t>(count), std::vector<std::int64_t>(count),
          std::vector<std::vector<std::int64_t>>(count, std::vector<std::int64_t>(count))};
  std::vector<char> holds(count);
  for (std::int64_t index = 0; index < space.size; ++index) {
    const std::vector<std::size_t> choices = choices_of(space, index);
    for (std::size_t axis = 0; axis < choices.size(); ++axis) constraints.choose(axis, choices[axis]);
    bool all_before = true;
    for (std::size_t i = 0; i < count; ++i) {
      holds[i] = constraints.holds(i) ? 1 : 0;
      all_before = all_before && holds[i] != 0;
      met.alone[i] += holds[i];
      met.together[i] += all_before ? 1 : 0;
      for (std::size_t before = 0; before < i && holds[i] != 0; ++before) met.pairs[i][before] += holds[before];
    }
  }
  return met;
}

}  // namespace

std::string contradiction_in(const SweepSpace& space) {
  const Met met = count_met(space);
  const auto text = [&](std::size_t constraint) { return shown(space.constraints[constraint].text); };
  for (std::size_t i = 0; i < met.alone.size(); ++i) {
    if (met.alone[i] == 0) return fmt::format("no configuration meets '{}'", text(i));
  }
  for (std::size_t i = 0; i < met.alone.size(); ++i) {
    for (std::size_t before = 0; before < i; ++before) {
      if (met.pairs[i][before] == 0)
        return fmt::format("contradictory: no configuration meets both '{}' and '{}'", text(before), text(i));
    }
  }
  for (std::size_t i = 0; i < met.alone.size(); ++i) {
    if (met.together[i] == 0)
      return fmt::format("contradictory: no configuration that meets the constraints before it meets '{}'", text(i));
  }
  return "";
}

}  // namespace mfusim
