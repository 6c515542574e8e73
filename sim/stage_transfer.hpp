// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/layer_pass.hpp"
#include "sim/model_chunk.hpp"
#include "sim/placement.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <array>
#include <utility>
#include <vector>

namespace mfusim {

/// One transfer between neighbouring stages of a pipeline that is cut into `chunks`: tokens x width of its blocks. Each tensor
/// rank sends its share: with sequence parallelism it has no more, without it Megatron-LM scatters before sending and gathers
/// after (Narayanan et al. 2021, arXiv:2104.04473, section 4.1). Without pp_overlap each costs the stack's host time too.
[[nodiscard]] Step stage_transfer(const Scenario& scenario, const LayerContext& context, const std::vector<ModelChunk>& chunks,
                                  PairReach reach, const char* name, StreamKind stream);

/// The transfers of one direction: inside a node, between nodes, each with its row in the table of steps.
class StageTransfers {
 public:
  StageTransfers() = default;
  StageTransfers(Step inside, Step between) : steps_{std::move(inside), std::move(between)} {}
  [[nodiscard]] const Step& step(PairReach reach) const { return steps_[static_cast<std::size_t>(reach)]; }
  [[nodiscard]] std::size_t& row(PairReach reach) { return rows_[static_cast<std::size_t>(reach)]; }

 private:
  std::array<Step, 2> steps_;
  std::array<std::size_t, 2> rows_{no_row, no_row};
};
[[nodiscard]] StageTransfers stage_transfers(const Scenario& scenario, const LayerContext& context,
                                             const std::vector<ModelChunk>& chunks, const char* name, StreamKind stream);

/// All transfers of a pipeline. `in_turn`: gradients together with the activations that their sender receives next.
struct PipelineTransfers {
  StageTransfers activations, gradients, in_turn;
};
/// None where the pipeline has one stage.
[[nodiscard]] PipelineTransfers pipeline_transfers(const Scenario& scenario, const LayerContext& context,
                                                   const std::vector<ModelChunk>& chunks);

}  // namespace mfusim
