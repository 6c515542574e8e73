// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mfusim {

/// How the parameters of ZeRO-3 come and go, a unit (one transformer block) at a time; what is outside the blocks is the
/// root unit, gathered first and kept until its gradients are complete.
/// Source: Zhao et al. 2023, arXiv:2304.11277 (PyTorch FSDP), sections 3.2 and 4.2.
struct FullSharding {
  bool reshard_after_forward = true;  ///< False: units stay whole from forward to backward (SHARD_GRAD_OP).
  int forward_prefetch = 1;           ///< Units whose gather may run ahead of the unit that computes.
  int backward_prefetch = 1;          ///< The same in backward; 0: after the unit before (BACKWARD_POST).
  bool operator==(const FullSharding&) const = default;
};

/// What the ranks of a context group send each other for attention.
enum class ContextExchange {
  Ring,       ///< Keys and values pass from rank to rank under the attention of the block before.
  AllToAll,   ///< Whole sequences of a share of the heads (Ulysses).
  AllGather,  ///< All keys and values to everybody, before attention.
};
[[nodiscard]] std::string to_string(ContextExchange exchange);

}  // namespace mfusim
