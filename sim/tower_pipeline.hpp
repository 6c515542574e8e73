// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/build_step.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/pipelined_tower.hpp"

#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace mfusim {

/// The pipeline of the towers that share a plan: one tower on ranks of its own, or both, stage by stage on the same ranks. The
/// contrastive loss compares the whole batch, so it waits for the features of every micro-batch, and every backward pass waits
/// for it: a barrier in the middle of the step. With gpipe the activations of all micro-batches stay until then; with 1f1b and
/// interleaved-1f1b the features alone stay, and the schedule runs behind the loss with a second forward pass in the place of
/// its forward passes.
/// Source: DistMM, NSDI 2024 (its batch-sync instruction); Gao et al. 2021, arXiv:2101.06983 (cached features); Huang et al.
/// 2019, arXiv:1811.06965 (bubble (p - 1) / (m + p - 1) of either half).
class TowerPipeline {
 public:
  struct Seat {
    int first_rank = 0;
    std::uint32_t first_tower = 0;
    std::uint32_t towers_of_model = 2;
  };
  /// `view` and `towers` must outlive it.
  TowerPipeline(const Scenario& view, std::span<const Tower<Count>> towers, StepGraph& graph, Seat seat);

  /// The rank that has the features.
  [[nodiscard]] int loss_rank() const;
  /// All forward passes; gives what the features wait for.
  [[nodiscard]] std::vector<StepTask> forward();
  /// All backward passes from the gradient of the features, with their reductions: by stage, what its update waits for.
  [[nodiscard]] std::vector<RankUpdate> backward(const std::vector<StepTask>& gradient);

 private:
  [[nodiscard]] std::vector<StepTask> inputs(int stage);
  void run_slot(TowerPass pass, const Slot& slot);
  void run_pass(PipelinedTower& tower, TowerPass pass, const Passage& passage);
  void reduce_slot(const Slot& slot, bool last, GradientReduction& reduction);
  [[nodiscard]] RankUpdate update_of_stage(GradientReduction& reduction) const;
  [[nodiscard]] int rank() const { return seat_.first_rank + stage_; }

  const Scenario& view_;
  const ParallelPlan& plan_;
  StepGraph& graph_;
  Seat seat_;
  std::deque<PipelinedTower> towers_;

  int stage_ = 0;                                    ///< Being placed.
  std::vector<StepTask> at_;                         ///< What the stage's next pass waits for.
  bool blocks_ = false;                              ///< The next pass waits for the transfers before it.
  std::optional<StepTask> backward_end_;             ///< Of the stage; nothing: no backward pass yet.
  std::vector<std::vector<StepTask>> forward_ends_;  ///< By stage.
};

}  // namespace mfusim
