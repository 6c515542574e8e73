// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/catalogs.hpp"
#include "study/sweep_constraints.hpp"
#include "study/sweep_row.hpp"
#include "study/sweep_space.hpp"

#include <cstdint>
#include <map>
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
  /// The scenario of the configuration, or the rule that it breaks, without the place. Throws InputError on an axis that the
  /// scenario has no key for: that is wrong everywhere.
  [[nodiscard]] std::variant<Scenario, std::string> read();

 private:
  /// A broken rule, and the axes that it was found without: the same first choices break it whatever the others are.
  struct BrokenRule {
    std::vector<std::size_t> first_choices;
    std::string rule;
  };
  [[nodiscard]] std::variant<Scenario, std::string> read_document();
  [[nodiscard]] bool breaks_without(std::size_t axis, const std::string& rule);
  [[nodiscard]] std::size_t first_axis_without_effect(const std::string& rule);
  void remember(const std::string& rule);

  const SweepSpace& space_;
  SweepConstraints constraints_;
  Catalogs catalogs_;
  Node document_;
  std::set<std::string> files_;  ///< Where its nodes stand.
  std::int64_t index_ = -1;
  std::vector<std::size_t> choices_;
  std::optional<std::size_t> violated_;
  std::optional<BrokenRule> broken_;
  std::map<std::string, std::size_t, std::less<>> first_axis_of_key_;  ///< By the key of a rule: where to look for such axes.
};

}  // namespace mfusim
