// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/build_step.hpp"

#include <vector>

namespace mfusim {

/// The embedding and the logits run on different stages, so that a table they share has two copies.
[[nodiscard]] bool copies_token_table(const ParallelPlan& plan);

/// Where the two copies of a tied token table are: the first stage and the stage of the loss sum their gradients of it, V/t x h
/// values each, in an all-reduce after those of the data-parallel group; both updates wait for it. `updates` are the
/// stages' in order. Nothing happens where the model does not tie, or holds one copy.
/// Source: Shoeybi et al. 2019, arXiv:1909.08053, section 3 and Megatron-LM's embedding group; Narayanan et al. 2021,
/// arXiv:2104.04473.
void reduce_tied_embedding(const Scenario& scenario, const Work<Count>& work, StepGraph& graph, std::vector<RankUpdate>& updates);

}  // namespace mfusim
