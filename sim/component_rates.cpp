// SPDX-License-Identifier: Apache-2.0
#include "sim/component_rates.hpp"

#include <algorithm>
#include <bit>

namespace mfusim {

ComponentRates::ComponentRates(const SharingModel& model)
    : model_(model),
      cells_(find_cells(model)),
      large_(model),
      scratch_(model),
      sharing_(model),
      usages_(model.usages()),
      rates_(model.usages(), 1.0),
      states_(cells_.cells.size()),
      touched_(cells_.classes) {
  for (UsageId usage = 1; usage < model.usages(); ++usage) {
    UsageState& state = usages_[usage];
    state.cell = cells_.cell_of[usage];
    state.is_of_large = cells_.cells[state.cell].kind == RateCells::Kind::PartOfLarge;
    const auto& later = cells_.later[usage];
    state.has_later = !later.empty();
    state.passes_on_rate = std::any_of(later.begin(), later.end(), [](const auto& one) { return one.by_rate; });
    has_large_ = has_large_ || state.is_of_large;
  }
  for (CellId cell = 0; cell < states_.size(); ++cell) {
    states_[cell].class_number = cells_.cells[cell].class_number;
    states_[cell].key.resize(cells_.cells[cell].earlier.size(), std::bit_cast<std::uint64_t>(1.0));
  }
}

inline void ComponentRates::set_count(CellState& state, UsageId usage, std::uint32_t count) {
  auto at = state.key.begin();
  const auto end = at + state.loads;
  while (at != end && load_of(*at).usage < usage) ++at;
  const std::uint64_t word = std::uint64_t{usage} << usage_bits | count;
  if (at == end || load_of(*at).usage != usage) {
    state.key.insert(at, word);
    ++state.loads;
  } else if (count == 0) {
    state.key.erase(at);
    --state.loads;
  } else {
    *at = word;
  }
}

inline void ComponentRates::apply_change(UsageId usage) {
  UsageState& state = usages_[usage];
  if (state.running == state.solved) return;
  state.solved = state.running;
  set_count(states_[state.cell], usage, state.running);
  touch(state.cell);
  if (!state.has_later) return;
  for (const auto& later : cells_.later[usage]) touch_later(later.cell);
}

void ComponentRates::find_left(CellId cell) {
  constexpr double crumb = 1e-12;  // what rounding may leave of a resource that earlier classes fill
  states_[cell].left_changed = false;
  std::size_t word = states_[cell].loads;
  for (const auto& of_resource : cells_.cells[cell].earlier) {
    double left = 1;
    for (const auto& [usage, share] : of_resource) left -= share.gone(usages_[usage].running, rates_[usage]);
    states_[cell].key[word++] = std::bit_cast<std::uint64_t>(left > crumb ? left : 0);
  }
}

std::span<const double> ComponentRates::solve_component() {
  const auto for_each_task = [this](const auto& visit) {
    for (const auto [usage, count] : loads_) {
      for (std::uint32_t i = 0; i < count; ++i) visit(usage);
    }
  };
  for_each_task([this](UsageId usage) { scratch_.start(usage); });
  static_cast<void>(scratch_.update());
  fresh_.clear();
  for (const Load& load : loads_) fresh_.push_back(scratch_.rate(load.usage));
  for_each_task([this](UsageId usage) { scratch_.end(usage); });
  static_cast<void>(scratch_.update());
  return fresh_;
}

std::span<const double> ComponentRates::solve_class(CellId cell) {
  for (const Load& load : loads_) {
    for (const auto& share : model_.shares_of(load.usage)) sharing_.set_left(share.resource, 1);
  }
  std::size_t word = states_[cell].loads;
  for (const auto& of_resource : cells_.cells[cell].earlier)
    sharing_.set_left(of_resource.front().share.resource, std::bit_cast<double>(states_[cell].key[word++]));
  return sharing_.rates_of_class(loads_);
}

std::span<const double> ComponentRates::solve(CellId cell) {
  const CellState& state = states_[cell];
  loads_.clear();
  for (std::size_t i = 0; i < state.loads; ++i) loads_.push_back(load_of(state.key[i]));
  return cells_.cells[cell].kind == RateCells::Kind::Class ? solve_class(cell) : solve_component();
}

inline void ComponentRates::update_cell(CellId cell) {
  CellState& state = states_[cell];
  state.touched = false;
  if (state.loads == 0) return;
  changed_.push_back(cell);
  if (state.left_changed) find_left(cell);
  std::span<const double> rates = solved_.find(state.key);
  if (rates.empty()) {
    rates = solve(cell);
    solved_.keep(state.key, rates);
  }
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const UsageId usage = load_of(state.key[i]).usage;
    if (rates_[usage] == rates[i]) continue;
    rates_[usage] = rates[i];
    if (!usages_[usage].passes_on_rate) continue;
    for (const auto& later : cells_.later[usage]) {
      if (later.by_rate) touch_later(later.cell);
    }
  }
}

std::span<const CellId> ComponentRates::update() {
  changed_.clear();
  for (const UsageId usage : counted_) apply_change(usage);
  counted_.clear();
  for (auto& of_class : touched_) {
    for (const CellId cell : of_class) update_cell(cell);
    of_class.clear();
  }
  if (has_large_) update_large();
  return changed_;
}

void ComponentRates::update_large() {
  for (const UsageId usage : large_.update()) {
    rates_[usage] = large_.rate(usage);
    changed_.push_back(usages_[usage].cell);
  }
}

}  // namespace mfusim
