// SPDX-License-Identifier: Apache-2.0
#include "sim/pipeline_costs.hpp"

#include "sim/activation_memory.hpp"

namespace mfusim {

PipelineCosts pipeline_costs(const Scenario& scenario, const std::vector<ModelChunk>& chunks, const PipelineChunks& priced,
                             const StepTable& table, Picoseconds transfer) {
  PipelineCosts costs;
  for (std::size_t stage = 0; stage < chunks.size(); ++stage) {
    const ChunkActivations activations = chunk_activations(scenario, chunks[stage]);
    costs.stages.push_back({.forward = time_alone(priced[stage].forward, table),
                            .input_gradient = time_alone(priced[stage].backward, table),
                            .weight_gradient = time_alone(priced[stage].weight_gradient, table),
                            .kept = activations.all(),
                            .for_weights = activations.for_weights});
  }
  if (scenario.techniques.pp_overlap) {
    costs.transfer = transfer;
    return costs;
  }
  for (std::size_t stage = 0; stage < costs.stages.size(); ++stage) {
    if (stage + 1 < costs.stages.size()) costs.stages[stage].forward += transfer;
    if (stage > 0) costs.stages[stage].input_gradient += transfer;
  }
  return costs;
}

}  // namespace mfusim
