// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"

#include <cstdint>
#include <vector>

namespace mfusim {

/// One slot of a pipeline rank: a forward or backward pass of one micro-batch through one of its model chunks.
struct Slot {
  enum class Kind : std::uint8_t { Forward, Backward };
  Kind kind = Kind::Forward;
  std::uint32_t micro_batch = 0;
  std::uint32_t chunk = 0;  ///< Of this rank: 0 .. virtual_stages - 1.
  friend bool operator==(const Slot&, const Slot&) = default;
};

/// The order in which pipeline rank `stage` runs its slots.
/// GPipe: all forward, then all backward (Huang et al. 2019, arXiv:1811.06965). 1F1B: PipeDream-Flush (Narayanan et al. 2021,
/// arXiv:2006.09503). Interleaved: Narayanan et al. 2021, arXiv:2104.04473, section 2.2.
[[nodiscard]] std::vector<Slot> stage_schedule(const ParallelPlan& plan, int stage);

/// Most passes whose activations rank `stage` holds at once, by the schedule's own order.
[[nodiscard]] std::int64_t most_in_flight(const std::vector<Slot>& slots);

}  // namespace mfusim
