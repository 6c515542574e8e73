// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_chunks.hpp"
#include "sim/pipeline_schedule.hpp"

#include <vector>

namespace mfusim {

/// What a schedule that is made to measure knows of a pipeline with one chunk a stage: how long each stage's passes last when
/// they run alone, and what they keep. `transfer`: the time of one exchange between neighbours. Where exchanges are not
/// overlapped a pass ends with its send, which holds its stage; otherwise they lie between the passes.
[[nodiscard]] PipelineCosts pipeline_costs(const Scenario& scenario, const std::vector<ModelChunk>& chunks,
                                           const PipelineChunks& priced, const StepTable& table, Picoseconds transfer);

}  // namespace mfusim
