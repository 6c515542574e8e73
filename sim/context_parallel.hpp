// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/layer_pass.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// Context parallelism: `ranks` GPUs divide each sequence; everything but attention works on its own tokens.
/// With a causal mask each rank holds two pieces, one from either end of the sequence ("zig-zag"), so that all have equal work.

/// What one of `ranks` context ranks does: tokens, queries and keys divided. Parameters stay whole.
[[nodiscard]] Work<Count> context_share(const Work<Count>& work, int ranks);

/// Whether a context group shares this operator.
[[nodiscard]] bool crosses_context(const LayerContext& context, const Operator<Count>& op);

/// Attention of one rank's queries to the keys of all `c` context ranks, with its exchanges on the context stream; `op` is one
/// rank's share. Gives what the output (or, backward, the gradient of the input) waits for.
/// With b samples, s tokens of the whole sequence, widths q of queries and k of keys (and as much of values), a rank sends
///
/// | exchange   | forward                                      | backward                             |
/// | ring       | (c-1) x 2 b s/c k, under attention           | twice that: K, V and their gradients |
/// | all-to-all | (c-1)/c x b s/c (2 q + 2 k), four exchanges  | the same                             |
/// | all-gather | (c-1)/c x 2 b s k                            | twice that: gather and reduce-scatter |
///
/// values. A ring's steps are c products of local queries with one block of keys: the own block under the causal mask, of the
/// others half. Source: Liu et al. 2023, arXiv:2310.01889 (ring attention); NVIDIA/TransformerEngine (Apache-2.0),
/// AttnFuncWithCPAndKVP2P (order of exchanges, pieces, correction of the output) and AttnFuncWithCPAndKVAllGather; Jacobs et
/// al. 2023, arXiv:2309.14509 (DeepSpeed-Ulysses), section 3.2.
[[nodiscard]] std::vector<SegmentIndex> context_attention_forward(const LayerContext& context, SegmentBuilder& segment,
                                                                  const Operator<Count>& op, const std::string& name,
                                                                  const std::vector<SegmentIndex>& input,
                                                                  std::optional<StepClass> step_class);
[[nodiscard]] std::vector<SegmentIndex> context_attention_backward(const LayerContext& context, SegmentBuilder& segment,
                                                                   const Operator<Count>& op, const std::string& name,
                                                                   const std::vector<SegmentIndex>& gradient);

}  // namespace mfusim
