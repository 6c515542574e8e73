// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_schedule.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mfusim {

/// The phases of one stage's order: warm-up up to its first gradients, the steady phase, and the flush behind its last forward
/// pass; and the slot that ends each of its chunks.
class StagePhases {
 public:
  StagePhases(std::span<const Slot> slots, int chunks);

  [[nodiscard]] bool steady(std::size_t slot) const { return slot >= first_backward_ && slot <= last_forward_; }
  [[nodiscard]] std::size_t first_backward() const { return first_backward_; }
  [[nodiscard]] std::size_t last_forward() const { return last_forward_; }
  /// Behind the last forward pass under every schedule: a gradient follows it down to each chunk.
  [[nodiscard]] std::size_t last_slot_of(std::uint32_t chunk) const { return last_slot_[chunk]; }

 private:
  std::size_t first_backward_;
  std::size_t last_forward_ = 0;
  std::vector<std::size_t> last_slot_;  ///< By chunk of the stage.
};

/// Do passes wait for the sends before them? `steady`: in the steady phase, where stacks hide exchanges that they leave in the
/// open in the other two (PipelineOverlap).
[[nodiscard]] bool sends_block(const Scenario& scenario, bool steady);

}  // namespace mfusim
