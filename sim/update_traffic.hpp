// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"

namespace mfusim {

/// Bytes that the optimizer moves for each parameter of its share.
///
/// Fused: each value once. Master weight, first and second moment read and written in fp32 (24), gradient read, new 16-bit
/// weight written; SGD with momentum keeps one moment less, LAMB reads weight and update once more for its norms.
/// Unfused, in fp32 (PyTorch's _single_tensor_adamw and _multi_tensor_adamw, step by step): decay of the weight 8, first moment 8
/// + 12 (one lerp of 12 over all tensors), second 8 + 12, root 8, correction 8, epsilon 8, update 16: 88 (80); SGD with momentum:
/// decay 12, moment 8 + 12, update 12: 44. A 16-bit weight is written by a copy of its own (4 + 2). Source: torch/optim/adamw.py
/// and sgd.py of PyTorch 1.12 (a loop over the tensors) and 2.2 (foreach by default).
/// Where 16-bit gradients are copied flat for it (`flat_update_gradients`), v bytes a value: each is checked for overflow (v + 4
/// into an fp32 copy, 4 for its sum), that copy made again for the norm (8), copied flat (2v), converted (v + 4), and unscaled in
/// place (8). Source: InternLM/InternLM@fa7337b internlm/solver/optimizer/hybrid_zero_optim.py (_step) and utils.py;
/// DeepSpeed, runtime/zero/stage_1_and_2.py (step, unscale_and_clip_grads; its norm is over a copy in double, 8 bytes more that
/// are not counted).
[[nodiscard]] Bytes update_bytes(const Scenario& scenario);

/// Are 16-bit gradients of the rank's share copied flat and converted to fp32 for the update?
[[nodiscard]] bool flat_update_gradients(const Scenario& scenario);

/// Bytes that a rank moves for each of its gradients around their reduction: loss scaling of autocast in fp16 checks and
/// unscales them (read and write); DistributedDataParallel copies them into its buckets and back (twice read and write); what is
/// set to zero (a write) is added to by the backward pass (two reads and a write). Source: torch/cuda/amp/grad_scaler.py;
/// torch/csrc/distributed/c10d/reducer.cpp (gradient_as_bucket_view off, the default); Optimizer.zero_grad of PyTorch 1.12
/// (set_to_none off, the default until 2.0).
[[nodiscard]] Bytes gradient_copy_bytes(const Scenario& scenario);

/// Does the host wait for the reduced gradients before it launches the optimizer? Loss scaling reads back whether they are
/// finite.
[[nodiscard]] bool host_waits_for_gradients(const Scenario& scenario);

/// Kernels that the host launches for an unfused optimizer and for setting gradients to zero, of `tensors` parameter tensors.
[[nodiscard]] double update_launches(const Scenario& scenario, double tensors);

}  // namespace mfusim
