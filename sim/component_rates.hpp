// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/sharing_state.hpp"
#include "sim/solved_rates.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace mfusim {

/// The rates of the tasks that run now, as SharedRates gives them, and faster where a graph falls into small components: usages
/// that no chain of common resources joins, as those of different GPUs. What runs in such a component is looked up as a whole,
/// because the rates depend on nothing else; what was never seen is solved from scratch.
class ComponentRates {
 public:
  explicit ComponentRates(const SharingModel& model);

  void start(UsageId usage) { change_count(usage, 1); }
  void end(UsageId usage) { change_count(usage, -1); }

  /// Takes what started and ended since the last call. Returns the usages whose rate is another now.
  [[nodiscard]] std::span<const UsageId> update();

  /// Rate of a task of this usage, as of the last update.
  [[nodiscard]] double rate(UsageId usage) const { return component_of_[usage] == large ? all_.rate(usage) : rates_[usage]; }

 private:
  struct Component {
    std::vector<std::uint64_t> running;  ///< Usage and how many of it run, ascending.
    bool changed = false;
  };
  static constexpr std::uint32_t large = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t usage_bits = 32;  ///< Above the count.
  [[nodiscard]] static UsageId usage_of(std::uint64_t word) { return static_cast<UsageId>(word >> usage_bits); }

  void change_count(UsageId usage, int by) {
    const std::uint32_t number = component_of_[usage];
    if (number == large) return by > 0 ? all_.start(usage) : all_.end(usage);
    change_running(components_[number].running, usage, by);
    if (components_[number].changed) return;
    components_[number].changed = true;
    changed_components_.push_back(number);
  }
  static void change_running(std::vector<std::uint64_t>& running, UsageId usage, int by);
  void update_component(const Component& component);
  [[nodiscard]] std::span<const double> solve(const std::vector<std::uint64_t>& running);
  SharedRates all_;      ///< Of large components, kept up to date.
  SharedRates scratch_;  ///< Nothing runs in it between calls.
  SolvedRates solved_;
  std::vector<Component> components_;        ///< By one of their resources; small ones.
  std::vector<std::uint32_t> component_of_;  ///< By usage; or `large`.
  std::vector<double> rates_;                ///< By usage; of small components.
  std::vector<double> fresh_;
  std::vector<std::uint32_t> changed_components_;
  std::vector<UsageId> changed_;
};

}  // namespace mfusim
