// SPDX-License-Identifier: Apache-2.0
#include "sim/stage_passes.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Slots that repeat and differ in nothing else: behind the first pass of each chunk, which waits for the step's beginning, and
/// between warm-up and flush, with which chunks end their gradients.
SlotRange alike_slots(const std::vector<Slot>& slots, const StagePhases& phases, const ParallelPlan& plan) {
  if (plan.micro_batches < std::int64_t{2} * plan.pipeline) return {};
  SlotRange range = repeating_slots(slots, pipeline_period(plan));
  for (std::size_t i = range.first; i < slots.size(); ++i) {
    if (slots[i].micro_batch == 0 && slots[i].kind == Slot::Kind::Forward) range.first = i + 1;
  }
  range.first = std::max(range.first, phases.first_backward() + 1);
  range.last = std::min(range.last, phases.last_forward() + 1);
  return range;
}

}  // namespace

StagePasses::StagePasses(const Scenario& scenario, int stage, const PipelineChunks& priced, StepGraph& graph, Lasting lasting) {
  const ParallelPlan& plan = scenario.parallel;
  const auto last_chunk = static_cast<std::uint32_t>(priced.size()) - 1;
  passes_.resize(static_cast<std::size_t>(plan.virtual_stages) * slot_kinds);
  for (std::uint32_t own = 0; own < static_cast<std::uint32_t>(plan.virtual_stages); ++own) {
    const std::uint32_t chunk = chunks_.emplace_back(model_chunk(plan, stage, own));
    for (const Slot::Kind kind :
         {Slot::Kind::Forward, Slot::Kind::Backward, Slot::Kind::InputGradient, Slot::Kind::WeightGradient}) {
      StagePass& pass = passes_[own * slot_kinds + static_cast<std::size_t>(kind)];
      const Segment& segment = priced[chunk].of(kind);
      pass.segment = lasting == Lasting::Yes ? graph.know_lasting(segment) : graph.know(segment);
      pass.chunk = chunk;
      const bool forward = kind == Slot::Kind::Forward;
      if (kind == Slot::Kind::WeightGradient || chunk == (forward ? last_chunk : 0)) continue;
      const int receiver = stage_of_chunk(plan, forward ? chunk + 1 : chunk - 1);
      pass.sends = receiver != stage;
      if (pass.sends) pass.reach = pair_reach(plan, scenario.cluster, stage, receiver);
    }
  }
}

/// Slots that do nothing are no passes.
StepRecord::Repetition StagePasses::repetition(const std::vector<Slot>& slots, const StagePhases& phases,
                                               const ParallelPlan& plan) const {
  const SlotRange alike = alike_slots(slots, phases, plan);
  const std::size_t period = pipeline_period(plan).slots;
  StepRecord::Repetition passes;
  for (std::size_t i = 0; i < alike.last; ++i) {
    if (of(slots[i]).does_nothing()) continue;
    if (i < alike.first) ++passes.first;
    if (i >= alike.first && i < alike.first + period) ++passes.period;
    ++passes.last;
  }
  return passes;
}

}  // namespace mfusim
