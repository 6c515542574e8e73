// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_chunks.hpp"
#include "sim/stage_transfer.hpp"
#include "sim/step_graph.hpp"

#include <memory>
#include <vector>

namespace mfusim {

/// Whether segments outlive the step that they are placed in.
enum class Lasting { No, Yes };

/// Under which wiring a scenario's pipeline runs, with so many micro-batches.
[[nodiscard]] WiringKey wiring_key(const Scenario& scenario, const PipelineChunks& priced, std::int64_t micro_batches);

/// What the passes of a pipeline do: the segments of its chunks, and what they send. Makes both known to `graph`.
[[nodiscard]] StepRecord::Passes stage_passes(const Scenario& scenario, std::shared_ptr<const PipelineWiring> wiring,
                                              const PipelineChunks& priced, PipelineTransfers& transfers, StepGraph& graph,
                                              Lasting lasting);

}  // namespace mfusim
