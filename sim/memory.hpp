// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/memory_parts.hpp"
#include "sim/pipeline_schedule.hpp"

#include <optional>
#include <vector>

namespace mfusim {

/// Peak memory of one pipeline stage's ranks, by what holds it. Three figures are read off a GPU, each holds the one before:
/// allocated: tensors (torch.cuda.max_memory_allocated); reserved: and what the caching allocator holds beyond them
/// (max_memory_reserved); total: and what the process holds outside of it, CUDA context, libraries and communicators
/// (nvidia-smi).
struct StageMemory {
  int stage = 0;
  std::int64_t passes_in_flight = 0;  ///< Most micro-batch passes whose activations are alive at once.
  std::optional<Slot> peak_at;        ///< The pass that runs when the activations are fullest; none with one pass a step.
  MemoryParts parts;
  [[nodiscard]] Bytes allocated() const;
  [[nodiscard]] Bytes reserved() const;
  [[nodiscard]] Bytes total() const;
};

/// Which overlapping transfers a GPU's memory depends on: those of tensor groups, which hold nothing back where the allocator
/// would hold back what collectives use (sim/collective_memory.hpp), and those of gradients, which take a second bucket
/// (sim/model_state.hpp). Two scenarios that differ in `techniques.tp_overlap`, `dp_overlap` and `pp_overlap` alone need the same
/// memory where these are the same.
struct OverlapsInMemory {
  bool tensor = false;
  bool data = false;
};
[[nodiscard]] OverlapsInMemory overlaps_in_memory(const Scenario& scenario);

/// Peak memory of each pipeline stage; of each tower's ranks where the towers are apart.
/// Weights, gradients and optimizer state (sim/model_state.hpp); activations at their fullest by the schedule's own order
/// (sim/activation_memory.hpp), apart from them the loss's fp32 scores; what the allocator holds beyond tensors, communicators
/// and the framework's allowance (sim/allocator_memory.hpp).
[[nodiscard]] std::vector<StageMemory> memory_of(const Scenario& scenario, const Work<Count>& whole);

}  // namespace mfusim
