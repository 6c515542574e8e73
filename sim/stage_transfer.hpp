// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"
#include "sim/scenario.hpp"
#include "sim/step.hpp"

#include <vector>

namespace mfusim {

/// One transfer between neighbouring stages of a pipeline that is cut into `chunks`: tokens x width of its blocks. Each tensor
/// rank sends its share: with sequence parallelism it has no more, without it Megatron-LM scatters before sending and gathers
/// after (Narayanan et al. 2021, arXiv:2104.04473, section 4.1). Without pp_overlap each costs the stack's host time too.
[[nodiscard]] Step stage_transfer(const Scenario& scenario, const LayerContext& context, const std::vector<ModelChunk>& chunks,
                                  const char* name, StreamKind stream);

}  // namespace mfusim
