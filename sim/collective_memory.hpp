// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/model_chunk.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// What the caching allocator may not hand out again yet although the framework has given it up: whole tensors that went into or
/// came out of a collective of the tensor group on another stream, until that collective has run.
struct HeldByCollectives {
  Bytes forward;   ///< Of one micro-batch's forward pass.
  Bytes backward;  ///< Of its backward pass, with the forward passes that it repeats.
};

/// Of one rank's chunk. Memory is handed out when the host launches kernels, and the host runs ahead of the GPU: by a whole
/// pass here (assumption; pipelines of Megatron-LM synchronise after each, batch_p2p_sync), so that all of a pass's tensors
/// wait. With u values of all tokens times the hidden size, 2 bytes a value, t ranks, in each of a layer's split regions:
///
/// | plan         | pass     | bytes       | tensors                                                       |
/// |--------------|----------|-------------|---------------------------------------------------------------|
/// | tensor       | forward  | 2 u         | summed output                                                 |
/// |              | backward | 2 u         | summed input gradient                                         |
/// | and sequence | forward  | (4 + 2/t) u | gathered input, summed output and its share                   |
/// |              | backward | (6 + 2/t) u | gathered gradient, gathered input, input gradient, its share  |
///
/// Where of gathers and reduce-scatters only the asynchronous ones are recorded (stack key recorded_collectives), those beside a
/// kernel of their own layer remain: the gathered input and the input gradients of the backward pass. Userbuffers (tp_overlap)
/// are not handed out anew. Source: pytorch/pytorch pull request 76861 (recordStream in ProcessGroupNCCL holds tensors back as
/// long as the host runs ahead), 111431 (since PyTorch 2.2 not for synchronous gathers and reduce-scatters), issue 124260 (seen
/// with Megatron-LM's all-reduces); NVIDIA/TransformerEngine, pytorch/module/layernorm_linear.py (which ones are asynchronous).
[[nodiscard]] HeldByCollectives held_by_collectives(const Scenario& scenario, const ModelChunk& chunk);

}  // namespace mfusim
