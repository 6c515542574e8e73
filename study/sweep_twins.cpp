// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_twins.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

namespace mfusim {
namespace {

/// Of keys whose values may be one plan: what means the same as another value.
constexpr std::array<const char*, 3> second_words{"selective", "auto", "tp-cp-pp-dp"};

bool can_hold_twins(const std::string& path) {
  return path == "parallel.recompute" || path == "parallel.sequence" || path == "parallel.rank_order";
}

/// Equal for twins and for no others.
auto identity_of(const std::vector<std::string>& axes, const RankedRow& ranked) {
  std::vector<std::string> values = ranked.values;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (can_hold_twins(axes[i])) values[i].clear();
  }
  const SweepRow& row = ranked.row;
  return std::tuple(row.iteration_time, row.mfu, row.peak.value(), row.gpus, row.global_batch, std::move(values));
}

}  // namespace

bool are_twins(const std::vector<std::string>& axes, const RankedRow& a, const RankedRow& b) {
  return identity_of(axes, a) == identity_of(axes, b);
}

std::vector<RankedRow> without_twins(const std::vector<std::string>& axes, std::vector<RankedRow> rows, std::size_t top) {
  std::vector<RankedRow> single;
  std::map<decltype(identity_of(axes, rows.front())), std::size_t> places;
  for (RankedRow& row : rows) {
    const auto [known, is_new] = places.emplace(identity_of(axes, row), single.size());
    if (is_new) {
      single.push_back(std::move(row));
    } else {
      single[known->second].twins.push_back({row.row.index, std::move(row.values)});
    }
  }
  if (single.size() > top) single.resize(top);
  return single;
}

std::size_t rows_with_twins(const SweepSpace& space, std::size_t top) {
  for (const SweepAxis& axis : space.axes) {
    const std::size_t words = axis.labels.size();
    const bool holds_it = std::any_of(second_words.begin(), second_words.end(), [&](const char* word) {
      return std::find(axis.labels.begin(), axis.labels.end(), word) != axis.labels.end();
    });
    if (can_hold_twins(axis.path) && words > 1 && holds_it) top *= 2;
  }
  return top;
}

}  // namespace mfusim
