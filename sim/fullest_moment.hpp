// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/activation_memory.hpp"
#include "sim/short_order.hpp"

namespace mfusim {

/// When a stage's activations are fullest.
struct FullestMoment {
  ActivationMoment moment;            ///< The first of equals.
  Slot at;                            ///< The pass that runs then.
  Bytes held_back;                    ///< Beyond the fullest moment, with what collectives hold: the most of any moment.
  std::int64_t passes_in_flight = 0;  ///< Most passes whose activations are alive at once.
};

/// Of the stage `stage` of a plan whose passes cost the same, in a time that does not grow with its micro-batches: where the
/// order repeats its periods hold the same (sim/short_order.hpp), and GPipe is fullest when the last micro-batch runs.
[[nodiscard]] FullestMoment fullest_moment(const ParallelPlan& plan, int stage, const std::vector<ChunkActivations>& by_chunk);
/// Of an order, slot by slot.
[[nodiscard]] FullestMoment fullest_moment(const ShortOrder& order, const std::vector<ChunkActivations>& by_chunk);

}  // namespace mfusim
