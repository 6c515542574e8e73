// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/layer_pass.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// Overlap of a tensor-parallel collective with the matrix multiply beside it, in pieces: a piece's exchange runs under
/// its neighbour's product. Source: MegaScale, arXiv:2402.15627, section 3.2 (figure 4); Wang et al. 2023,
/// "Overlap communication with dependent computation via decomposition", ASPLOS 2023.
using SegmentTasks = std::vector<SegmentIndex>;

/// Pieces a linear's product is cut into along its tokens: the stack's number, or the next smaller one that divides.
[[nodiscard]] int pieces_of(const LayerContext& context, const Operator<Count>& op);

/// The collective in `pieces` equal parts after one another; the first waits for `after`.
SegmentTasks exchange_in_pieces(const LayerContext& context, SegmentBuilder& segment, Collective kind, double elements,
                                const std::string& name, const SegmentTasks& after, int pieces);

/// One part of the collective after each of `pieces`; gives the last part.
SegmentIndex exchange_after_pieces(const LayerContext& context, SegmentBuilder& segment, Collective kind, double elements,
                                   const std::string& name, const SegmentTasks& pieces);

/// The linear's product in pieces; all wait for `after`. `step_class` replaces the steps' own class.
SegmentTasks gemm_in_pieces(const LayerContext& context, SegmentBuilder& segment, const Operator<Count>& op, Pass pass,
                            const std::string& name, const SegmentTasks& after, std::optional<StepClass> step_class);

/// The linear's product in pieces, each after its part of `exchanges`.
SegmentTasks gemm_after_pieces(const LayerContext& context, SegmentBuilder& segment, const Operator<Count>& op, Pass pass,
                               const std::string& name, const SegmentTasks& exchanges, std::optional<StepClass> step_class);

}  // namespace mfusim
