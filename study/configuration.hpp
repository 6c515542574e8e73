// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario_reader.hpp"
#include "study/sweep_constraints.hpp"
#include "study/sweep_row.hpp"
#include "study/sweep_space.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace mfusim {

/// Moves through a space, changing in the scenario only what differs from one configuration to the next. For one thread.
class ConfigurationReader {
 public:
  explicit ConfigurationReader(const SweepSpace& space);

  /// Takes the values of configuration `index`. False where a constraint excludes it.
  [[nodiscard]] bool move_to(std::int64_t index);
  /// After move_to returned false: the first configuration behind that the same constraint may let pass.
  [[nodiscard]] std::int64_t next_candidate() const;
  [[nodiscard]] std::int64_t index() const { return index_; }
  /// Which value each axis has.
  [[nodiscard]] const std::vector<std::size_t>& choices() const { return choices_; }
  /// The scenario of the configuration, which stands until the next one is read, or the rule that it breaks, without the place.
  /// Throws InputError on an axis that the scenario has no key for: that is wrong everywhere.
  [[nodiscard]] std::variant<const Scenario*, std::string> read();

 private:
  /// The rule that was broken last, and the axes that it follows from: the same choices break it whatever those of others are.
  struct BrokenRule {
    std::vector<std::size_t> axes;
    std::vector<std::size_t> choices;  ///< Of those axes.
    std::string rule;
  };
  [[nodiscard]] bool breaks_the_same() const;
  void remember(const std::string& rule);

  const SweepSpace& space_;
  SweepConstraints constraints_;
  Node document_;
  ScenarioReader scenario_;
  std::set<std::string> files_;  ///< Where its nodes stand.
  std::int64_t index_ = -1;
  std::vector<std::size_t> choices_;
  std::optional<std::size_t> violated_;
  std::optional<BrokenRule> broken_;
};

}  // namespace mfusim
