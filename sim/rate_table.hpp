// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/sharing_state.hpp"
#include "sim/step.hpp"

#include <array>
#include <optional>
#include <unordered_map>

namespace mfusim {

/// The rates of what runs on one rank at a time, solved once for each set of usages: they depend on nothing else
/// (sim/sharing_state.hpp), and a step has few such sets.
class RateTable {
 public:
  using Running = std::array<UsageId, streams_per_rank>;  ///< By stream; 0: nothing.
  using Rates = std::array<double, streams_per_rank>;     ///< By stream.

  /// `sharing` may get further usages later.
  explicit RateTable(const SharingModel& sharing) : sharing_(sharing) {}

  [[nodiscard]] const Rates& rates(const Running& running) {
    const std::size_t hash = Hash()(running);
    Recent& recent = recent_[hash % recent_.size()];
    if (recent.rates != nullptr && equal(recent.running, running)) return *recent.rates;
    const auto [at, fresh] = known_.try_emplace(running);
    if (fresh) at->second = solve(running);
    recent = {running, &at->second};
    return at->second;
  }

 private:
  struct Hash {
    /// A sum, which needs no product to wait for the one before.
    std::size_t operator()(const Running& running) const {
      std::uint64_t hash = 0;
      for (std::size_t stream = 0; stream < running.size(); ++stream)
        hash += running[stream] * (0x9E3779B97F4A7C15U * (2 * stream + 1));
      return hash ^ hash >> 32U;
    }
  };
  struct Recent {
    Running running{};
    const Rates* rates = nullptr;  ///< In `known_`; null: none yet.
  };
  [[nodiscard]] static bool equal(const Running& a, const Running& b) {
    UsageId different = 0;
    for (std::size_t stream = 0; stream < a.size(); ++stream) different |= a[stream] ^ b[stream];
    return different == 0;
  }
  [[nodiscard]] Rates solve(const Running& running);

  const SharingModel& sharing_;
  std::optional<SharedRates> solver_;  ///< Of the first `solved_usages_` usages; nothing runs in it between calls.
  std::size_t solved_usages_ = 0;
  std::unordered_map<Running, Rates, Hash> known_;
  std::array<Recent, 256> recent_;  ///< By hash: what was asked for last.
};

}  // namespace mfusim
