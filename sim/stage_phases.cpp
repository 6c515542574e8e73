// SPDX-License-Identifier: Apache-2.0
#include "sim/stage_phases.hpp"

#include <algorithm>

namespace mfusim {

StagePhases::StagePhases(std::span<const Slot> slots, int chunks)
    : first_backward_(slots.size()), last_slot_(static_cast<std::size_t>(chunks)) {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    last_slot_[slots[i].chunk] = i;
    if (slots[i].kind == Slot::Kind::Forward) {
      last_forward_ = i;
    } else {
      first_backward_ = std::min(first_backward_, i);
    }
  }
}

bool sends_block(const Scenario& scenario, bool steady) {
  if (!scenario.techniques.pp_overlap) return true;
  return !steady && scenario.stack.pipeline_overlap == PipelineOverlap::SteadyPhase;
}

}  // namespace mfusim
