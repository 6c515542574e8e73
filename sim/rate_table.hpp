// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/sharing_state.hpp"
#include "sim/step.hpp"

#include <array>
#include <unordered_map>

namespace mfusim {

/// The rates of what runs on one rank at a time, solved once for each set of usages: they depend on nothing else
/// (sim/sharing_state.hpp), and a step has few such sets.
class RateTable {
 public:
  using Running = std::array<UsageId, streams_per_rank>;  ///< By stream; 0: nothing.
  using Rates = std::array<double, streams_per_rank>;     ///< By stream.

  explicit RateTable(const SharingModel& sharing) : solver_(sharing) {}

  [[nodiscard]] const Rates& rates(const Running& running) {
    const auto [at, fresh] = known_.try_emplace(running);
    if (fresh) at->second = solve(running);
    return at->second;
  }

 private:
  struct Hash {
    std::size_t operator()(const Running& running) const {
      std::uint64_t hash = 0;
      for (const UsageId usage : running) hash = (hash ^ usage) * 0x9E3779B97F4A7C15U;
      return hash ^ hash >> 32U;
    }
  };
  [[nodiscard]] Rates solve(const Running& running);

  SharedRates solver_;  ///< Nothing runs in it between calls.
  std::unordered_map<Running, Rates, Hash> known_;
};

}  // namespace mfusim
