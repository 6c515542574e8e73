// SPDX-License-Identifier: Apache-2.0
#include "sim/stage_passes.hpp"

#include "sim/placement.hpp"
#include "sim/stage_phases.hpp"

#include <stdexcept>
#include <utility>

namespace mfusim {

WiringKey wiring_key(const Scenario& scenario, const PipelineChunks& priced, std::int64_t micro_batches) {
  const ParallelPlan& plan = scenario.parallel;
  WiringKey key{.schedule = plan.schedule,
                .stages = plan.pipeline,
                .chunks = plan.virtual_stages,
                .micro_batches = micro_batches,
                .memory_limit = plan.memory_limit,
                .blocks_in_steady_phase = sends_block(scenario, true),
                .blocks_outside = sends_block(scenario, false),
                .exchanges_in_turn = plan.pipeline > 1 && scenario.stack.pipeline_exchange == PipelineExchange::InTurn,
                .ends_each_micro_batch = plan.zero == 2};
  if (schedule_kind(plan.schedule).splits_backward) {
    for (std::size_t chunk = 0; chunk < priced.size(); ++chunk)
      key.no_weight_gradient.push_back(priced[chunk].weight_gradient.tasks.empty());
  }
  return key;
}

namespace {

/// The row of what a pass sends; none: it sends nothing.
std::uint32_t sent_row(const Scenario& scenario, int stage, std::uint32_t chunk, std::uint32_t chunks, const PassKind& kind,
                       PipelineTransfers& transfers, StepGraph& graph) {
  const ParallelPlan& plan = scenario.parallel;
  const bool forward = kind.slot == Slot::Kind::Forward;
  if (kind.slot == Slot::Kind::WeightGradient || chunk == (forward ? chunks - 1 : 0)) return StepRecord::none;
  const int receiver = stage_of_chunk(plan, forward ? chunk + 1 : chunk - 1);
  if (receiver == stage) return StepRecord::none;
  const PairReach reach = pair_reach(plan, scenario.cluster, stage, receiver);
  StageTransfers& sent = forward ? transfers.activations : kind.in_turn ? transfers.in_turn : transfers.gradients;
  return graph.know_row(sent.step(reach), sent.row(reach));
}

}  // namespace

StepRecord::Passes stage_passes(const Scenario& scenario, std::shared_ptr<const PipelineWiring> wiring,
                                const PipelineChunks& priced, PipelineTransfers& transfers, StepGraph& graph, Lasting lasting) {
  const std::uint32_t kinds = wiring->kinds();
  StepRecord::Passes passes{.wiring = std::move(wiring), .kinds = {}};
  passes.kinds.resize(passes.wiring->stages() * std::size_t{kinds});
  for (std::uint32_t stage = 0; stage < passes.wiring->stages(); ++stage) {
    for (std::uint32_t number = 0; number < kinds; ++number) {
      if (passes.wiring->last_of_kind(stage, number) == PipelineWiring::none) continue;
      const PassKind kind = pass_kind(number);
      const std::uint32_t chunk = model_chunk(scenario.parallel, static_cast<int>(stage), kind.chunk);
      const Segment& segment = priced[chunk].of(kind.slot);
      const StepGraph::KnownSegment known = lasting == Lasting::Yes ? graph.know_lasting(segment) : graph.know(segment);
      if (known.number == StepRecord::none) throw std::logic_error("a pass that does nothing is wired");
      passes.kinds[stage * std::size_t{kinds} + number] = {
          known.number,
          sent_row(scenario, static_cast<int>(stage), chunk, static_cast<std::uint32_t>(priced.size()), kind, transfers, graph),
          chunk};
    }
  }
  return passes;
}

}  // namespace mfusim
