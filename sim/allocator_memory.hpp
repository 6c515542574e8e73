// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/memory.hpp"

namespace mfusim {

/// The parts of a stage's memory that tensors hold at their fullest.
[[nodiscard]] bool is_tensor_part(std::string_view part);
/// Those and what the caching allocator holds beyond them; the others lie outside of it.
[[nodiscard]] bool is_reserved_part(std::string_view part);

/// Adds `bytes` to the part of that name, or a new part.
void add_part(StageMemory& memory, std::string_view name, Bytes bytes);

/// Adds to a stage's tensors what stands beside them:
///
/// - fragmentation: the stack's share of all that comes and goes within a step;
/// - startup: what was reserved before the first step and is more than all steps need. Megatron-LM's distributed optimizer of
///   2022 and 2023 makes its parameter buffer a view of the gradient buffer by torch.tensor(storage), which allocates the
///   buffer's size once more before it takes the view, beside weights, gradients and master weights. Source: NVIDIA/Megatron-LM,
///   megatron/optimizer/distrib_optimizer.py (param_buffers); pytorch/pytorch, torch/csrc/utils/tensor_new.cpp
///   (internal_new_from_data: at::empty of the storage's size, then set_).
/// - communicators (sim/communicator_memory.hpp) and framework.
///
/// What is held back (sim/collective_memory.hpp) then takes no more than the room that is left: where memory is short the
/// allocator waits for the collectives.
void add_beside_tensors(const Scenario& scenario, Bytes communicators, StageMemory& memory);

}  // namespace mfusim
