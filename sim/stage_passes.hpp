// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_chunks.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/placement.hpp"
#include "sim/stage_phases.hpp"
#include "sim/step_graph.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mfusim {

/// What a slot of a stage does, whichever its micro-batch.
struct StagePass {
  StepGraph::KnownSegment segment;
  std::uint32_t chunk = 0;            ///< Of the whole model.
  bool sends = false;                 ///< To another stage.
  PairReach reach = PairReach::Node;  ///< Of what it sends.
  [[nodiscard]] bool does_nothing() const { return segment.number == StepRecord::none; }
};

/// Whether segments outlive the step that they are placed in.
enum class Lasting { No, Yes };

/// The passes of one pipeline stage.
class StagePasses {
 public:
  /// Makes the segments of the stage's chunks known to `graph`.
  StagePasses(const Scenario& scenario, int stage, const PipelineChunks& priced, StepGraph& graph, Lasting lasting);

  [[nodiscard]] const StagePass& of(const Slot& slot) const {
    return passes_[slot.chunk * slot_kinds + static_cast<std::size_t>(slot.kind)];
  }
  /// The stage's chunks by their place in the whole model.
  [[nodiscard]] const std::vector<std::uint32_t>& chunks() const { return chunks_; }

  /// Which of the stage's passes repeat; `plan`: with as many micro-batches as `slots` have.
  [[nodiscard]] StepRecord::Repetition repetition(const std::vector<Slot>& slots, const StagePhases& phases,
                                                  const ParallelPlan& plan) const;

 private:
  static constexpr std::size_t slot_kinds = 4;

  std::vector<std::uint32_t> chunks_;
  std::vector<StagePass> passes_;  ///< By chunk of the stage and kind of slot.
};

}  // namespace mfusim
