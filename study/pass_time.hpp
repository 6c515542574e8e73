// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/segment.hpp"

namespace mfusim {

/// The least time between the start of the first kernel and the end of the last one in a pass through equal layers.
struct PassTime {
  Picoseconds kernels{};  ///< Of one layer, without what they wait for.
  Picoseconds first{};    ///< One layer.
  Picoseconds further{};  ///< Each layer more.
  [[nodiscard]] Picoseconds of(std::int64_t layers) const { return first + (layers - 1) * further; }
};

/// By the longest chain of waits inside a layer, and from layer to layer: `one` and `two` are the passes through one layer and
/// through two. What does not follow the first kernel counts as done long before. Streams are in order and contention only adds,
/// so that the state behind n + 1 layers (ends of streams and exits) is at least that behind n layers, later by what the state
/// behind two is later than that behind one in each of its parts.
[[nodiscard]] PassTime least_pass_time(const Segment& one, const Segment& two, const StepTable& table);

}  // namespace mfusim
