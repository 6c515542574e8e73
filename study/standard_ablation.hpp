// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/ablation.hpp"

namespace mfusim {

/// MegaScale's techniques in the order of its table 3, on any scenario: the baseline is the scenario with all of them off, then
/// parallel block, sliding window, tensor / pipeline / data overlap, efficient operators, input path, LAMB with three times
/// the batch. What the scenario cannot use (a pipeline overlap without a pipeline) is left out with the reason.
///
/// Assumption: the window is 0.607 of the sequence, what MegaScale's own FLOP count implies for its 2048 tokens; a stack that
/// cannot cut a collective takes four pieces.
/// Source: Jiang et al. 2024, arXiv:2402.15627, table 3.
[[nodiscard]] Ablation standard_ablation(ScenarioDocument document);

}  // namespace mfusim
