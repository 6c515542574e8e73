// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/rate_cells.hpp"
#include "sim/sharing_state.hpp"
#include "sim/solved_rates.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace mfusim {

/// The rates of the tasks that run now, as SharedRates gives them, and faster where the components of a graph are not large
/// (sim/rate_cells.hpp): what runs in a cell is looked up as a whole, with what earlier classes leave to it, because its rates
/// depend on nothing else; what was never seen is solved.
class ComponentRates {
 public:
  explicit ComponentRates(const SharingModel& model);

  [[nodiscard]] std::size_t cells() const { return states_.size(); }
  [[nodiscard]] CellId cell_of(UsageId usage) const { return usages_[usage].cell; }

  void start(UsageId usage) { change_count(usage, 1); }
  void end(UsageId usage) { change_count(usage, -1); }

  /// Takes what started and ended since the last call; a task that follows one of its usage changes nothing. Returns the cells
  /// where a rate may be another now.
  [[nodiscard]] std::span<const CellId> update();

  /// Rate of a task of this usage, as of the last update.
  [[nodiscard]] double rate(UsageId usage) const { return rates_[usage]; }

 private:
  struct UsageState {
    std::uint32_t running = 0;
    std::uint32_t solved = 0;  ///< Of `running`, at the last update.
    CellId cell = 0;
    bool is_of_large = false;     ///< Its component is large.
    bool has_later = false;       ///< Cells of later classes notice it.
    bool passes_on_rate = false;  ///< And its rate.
  };
  struct CellState {
    /// All that its rates depend on: which usages run and how many tasks of each, ascending; then, of each resource of which
    /// earlier classes take, the fraction that they leave.
    std::vector<std::uint64_t> key;
    std::uint32_t loads = 0;  ///< Words of `key` that are usages.
    std::uint32_t class_number = 0;
    bool touched = false;       ///< In `touched_`.
    bool left_changed = false;  ///< What earlier classes leave may be other than `key` says.
  };
  static constexpr std::uint32_t usage_bits = 32;  ///< Above the count.
  [[nodiscard]] static Load load_of(std::uint64_t word) {
    return {static_cast<UsageId>(word >> usage_bits), static_cast<std::uint32_t>(word)};
  }

  void change_count(UsageId usage, int by) {
    UsageState& state = usages_[usage];
    if (state.is_of_large) return by > 0 ? large_.start(usage) : large_.end(usage);
    state.running += static_cast<std::uint32_t>(by);
    counted_.push_back(usage);
  }
  void apply_change(UsageId usage);
  static void set_count(CellState& state, UsageId usage, std::uint32_t count);
  void touch(CellId cell) {
    CellState& state = states_[cell];
    if (state.touched) return;
    state.touched = true;
    touched_[state.class_number].push_back(cell);
  }
  void touch_later(CellId cell) {
    states_[cell].left_changed = true;
    touch(cell);
  }
  void update_cell(CellId cell);
  void find_left(CellId cell);
  [[nodiscard]] std::span<const double> solve(CellId cell);
  [[nodiscard]] std::span<const double> solve_component();
  [[nodiscard]] std::span<const double> solve_class(CellId cell);
  void update_large();

  const SharingModel& model_;
  RateCells cells_;
  SharedRates large_;    ///< Of large components, kept up to date.
  SharedRates scratch_;  ///< Nothing runs in it between calls.
  FairSharing sharing_;
  SolvedRates solved_;
  bool has_large_ = false;
  std::vector<UsageState> usages_;
  std::vector<double> rates_;  ///< By usage.
  std::vector<CellState> states_;
  std::vector<UsageId> counted_;              ///< Of each task that started or ended since the last update.
  std::vector<std::vector<CellId>> touched_;  ///< By class.
  std::vector<CellId> changed_;
  std::vector<Load> loads_;
  std::vector<double> fresh_;
};

}  // namespace mfusim
