// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/memory_parts.hpp"
#include "sim/model_chunk.hpp"
#include "sim/scenario.hpp"

#include <vector>

namespace mfusim {

/// Memory of one rank's weights, gradients and optimizer state, of the weights that it gathers or casts for a pass, and of the
/// buffers that its gradients are reduced in. With P parameters over n shards, in the stack's types (16-bit weights and
/// gradients, fp32 master weights and two moments: K = 12):
///
///   ZeRO-0 (2 + 2 + K) P;   ZeRO-1 (2 + 2 + K/n) P;   ZeRO-2 (2 + (2 + K)/n) P;   ZeRO-3 (2 + 2 + K)/n P.
///
/// Source: Rajbhandari et al. 2020, arXiv:1910.02054, figure 1.
/// gathered_weights: ZeRO-3's root unit and as many blocks as may be whole at once, or all where none is given up after forward;
/// elsewhere the 16-bit copies that autocast keeps of the fp32 weights it multiplied (PyTorch documentation, torch.autocast,
/// cache_enabled), which recomputed layers do not hold at the peak.
/// With a stack that keeps gathered parameters (DeepSpeed's stage3_max_live_parameters), as many at least.
/// pass_gradients: where the stack keeps the 16-bit gradients of a pass beside the fp32 sums, those, and the largest tensor's in
/// fp32 while it is added (DeepSpeed, bf16_optimizer.py: update_hp_grads). reduction_buffers: see ReductionBuffers; with ZeRO-3
/// the gradients of two blocks and of the root on their way.
/// held_back: weights that ZeRO-3 has given up are not handed out again before the GPU has used them; the host is ahead by up to
/// a pass, so that all others of the chunk wait (see sim/collective_memory.hpp; DeepSpeed, partition_parameters.py, free_param:
/// record_stream). FSDP's rate limiter, limit_all_gathers, is there to prevent this.
/// update_copies: the rank's share of 16-bit gradients once flat and once in fp32 while it updates; both are larger than any
/// block of the activations' that the allocator could reuse (DeepSpeed, zero/stage_1_and_2.py and stage3.py:
/// _prepare_fp32_grad_for_sub_group; at most sub_group_size = 1e9 values at once with ZeRO-3).
[[nodiscard]] MemoryParts model_state(const Scenario& scenario, const std::vector<const ModelChunk*>& chunks);

}  // namespace mfusim
