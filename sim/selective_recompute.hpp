// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "model/operator.hpp"
#include "sim/shard.hpp"

#include <vector>

namespace mfusim {

/// TorchTitan's selective recomputation ("op"): the outputs of matrix multiplies and of attention are kept but for every second
/// multiply of a layer; those and all other operators run again before the layer's gradients. Multiplies are counted as its
/// modules make them: queries, keys and values apart, gate and up projection apart.
/// Source: pytorch/torchtitan, distributed/activation_checkpoint.py (the policy of the option "op").

/// What runs again, in the order of the forward pass, over all tensor ranks. Nothing from the last multiply on: nobody reads it.
/// Of a fused product (qkv, gate and up) only the outputs that were not kept.
[[nodiscard]] std::vector<Operator<Count>> repeated_operators(const Layer<Count>& layer);

/// Values that one rank keeps of a layer beside its input: outputs of attention and of the multiplies that do not run again.
/// What is summed over the tensor ranks is kept as a share where tokens are split.
[[nodiscard]] double kept_values(const Layer<Count>& layer, const TensorGroup& group);

}  // namespace mfusim
