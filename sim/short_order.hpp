// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_schedule.hpp"

#include <vector>

namespace mfusim {

/// A stage's order of slots without most of the periods that it repeats. A period starts as many passes of each chunk as it ends,
/// so a stage holds the same after each: whatever the whole order holds at once this one does too, and first at the same slot.
struct ShortOrder {
  std::vector<Slot> slots;
  std::size_t behind = 0;      ///< The first slot behind the part that repeats.
  std::uint32_t left_out = 0;  ///< Micro-batches of the step that are not here.
  /// A slot under the number of its micro-batch in the whole step. In the repeating part that is its first occurrence.
  [[nodiscard]] Slot in_step(std::size_t slot) const;
};

/// That of one stage, passes costing the same: as long for a million micro-batches as for a few. Whole where the order does not
/// repeat (gpipe) or is made to measure.
[[nodiscard]] ShortOrder short_order(const ParallelPlan& plan, int stage);
/// A whole order in the same clothes.
[[nodiscard]] ShortOrder whole_order(std::vector<Slot> slots);

}  // namespace mfusim
