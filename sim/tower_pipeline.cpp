// SPDX-License-Identifier: Apache-2.0
#include "sim/tower_pipeline.hpp"

#include "sim/input_pipeline.hpp"
#include "sim/shard_groups.hpp"
#include "sim/stage_phases.hpp"
#include "sim/towers.hpp"

namespace mfusim {

TowerPipeline::TowerPipeline(const Scenario& view, std::span<const Tower<Count>> towers, StepGraph& graph, Seat seat)
    : view_(view), plan_(view.parallel), graph_(graph), seat_(seat) {
  for (std::uint32_t i = 0; i < towers.size(); ++i) {
    towers_.emplace_back(
        view, towers[i], graph,
        PipelinedTower::Seat{.first_rank = seat.first_rank, .number = seat.first_tower + i, .towers = seat.towers_of_model});
  }
}

int TowerPipeline::loss_rank() const {
  return seat_.first_rank + loss_stage(plan_);
}

/// ZeRO-1 with overlap gathers the weights of a step at its start; the samples are copied to the first stage.
std::vector<StepTask> TowerPipeline::inputs(int stage) {
  std::vector<StepTask> ready;
  double parameters = 0;
  Bytes samples;
  for (const PipelinedTower& tower : towers_) {
    parameters += tower.trainable_parameters(stage);
    samples += tower.input_bytes();
  }
  if (gathers_new_weights(plan_) && view_.techniques.dp_overlap)
    ready.push_back(graph_.add(rank(), weight_gather(view_, parameters, "weight gather"), {}, {}));
  if (stage > 0) return ready;
  const std::vector<StepTask> input = add_input(view_, graph_, rank(), samples * static_cast<double>(plan_.micro_batches));
  ready.insert(ready.end(), input.begin(), input.end());
  return ready;
}

std::vector<StepTask> TowerPipeline::forward() {
  for (stage_ = 0; stage_ < plan_.pipeline; ++stage_) {
    at_ = inputs(stage_);
    blocks_ = sends_block(view_, false);  // no gradients yet: all of it is warm-up
    for (const Slot& slot : stage_schedule(plan_, stage_)) {
      if (slot.kind == Slot::Kind::Forward) run_slot(TowerPass::Forward, slot);
    }
    forward_ends_.push_back(at_);
  }
  return forward_ends_[static_cast<std::size_t>(loss_stage(plan_))];
}

std::vector<RankUpdate> TowerPipeline::backward(const std::vector<StepTask>& gradient) {
  std::vector<RankUpdate> updates;
  for (stage_ = 0; stage_ < plan_.pipeline; ++stage_) {
    at_ = stage_ == loss_stage(plan_) ? gradient : forward_ends_[static_cast<std::size_t>(stage_)];
    backward_end_.reset();
    GradientReduction reduction(view_, graph_, rank());
    const std::vector<Slot> slots = stage_schedule(plan_, stage_);
    const StagePhases phases(slots, plan_.virtual_stages);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      blocks_ = sends_block(view_, phases.steady(i));
      if (slots[i].kind == Slot::Kind::Forward) {
        if (caches_features(plan_)) run_slot(TowerPass::ForwardAgain, slots[i]);
        continue;
      }
      run_slot(TowerPass::Backward, slots[i]);
      const bool last = phases.last_slot_of(slots[i].chunk) == i;
      if (last || plan_.zero == 2) reduce_slot(slots[i], last, reduction);
    }
    reduction.finish(backward_end_.value_or(StepTask{}));
    updates.push_back(update_of_stage(reduction));
  }
  for (PipelinedTower& tower : towers_) tower.connect();
  return updates;
}

/// One slot of the present stage: the towers one after the other, backward in reverse.
void TowerPipeline::run_slot(TowerPass pass, const Slot& slot) {
  const Passage passage{model_chunk(plan_, stage_, slot.chunk), slot.micro_batch};
  if (pass == TowerPass::Forward) {
    for (PipelinedTower& tower : towers_) run_pass(tower, pass, passage);
  } else if (pass == TowerPass::ForwardAgain) {
    for (PipelinedTower& tower : towers_) {
      if (!tower.frozen()) run_pass(tower, pass, passage);
    }
  } else {
    for (auto tower = towers_.rbegin(); tower != towers_.rend(); ++tower) {
      if (!tower->frozen()) run_pass(*tower, pass, passage);
    }
  }
}

void TowerPipeline::run_pass(PipelinedTower& tower, TowerPass pass, const Passage& passage) {
  const PlacedSegment placed = tower.place(pass, passage, at_);
  at_ = exits_of(placed);
  if (pass == TowerPass::Backward) backward_end_ = placed.task(static_cast<SegmentIndex>(placed.segment->tasks.size()) - 1);
  const std::optional<StepTask> sent = tower.send(pass, passage);
  if (sent && blocks_) at_.push_back(*sent);
}

/// The gradients of a chunk, and where ZeRO-2 keeps none of them whole, their reduction at every micro-batch.
/// Source: DeepSpeed, deepspeed/runtime/zero/stage_1_and_2.py.
void TowerPipeline::reduce_slot(const Slot& slot, bool last, GradientReduction& reduction) {
  const Passage passage{model_chunk(plan_, stage_, slot.chunk), slot.micro_batch};
  for (auto tower = towers_.rbegin(); tower != towers_.rend(); ++tower) {
    if (!tower->frozen()) tower->reduce(passage, reduction);
  }
  if (last) return;
  reduction.finish(backward_end_.value_or(StepTask{}));
  if (!view_.techniques.dp_overlap) at_.insert(at_.end(), reduction.reduced().begin(), reduction.reduced().end());
}

RankUpdate TowerPipeline::update_of_stage(GradientReduction& reduction) const {
  RankUpdate update{.rank = rank(), .gradients = reduction.reduced(), .view = &view_};
  for (const PipelinedTower& tower : towers_) {
    update.parameters += tower.trainable_parameters(stage_);
    update.tensors += tower.tensors(stage_);
  }
  if (backward_end_) {
    update.gradients.push_back(*backward_end_);
  } else {
    update.gradients.insert(update.gradients.end(), at_.begin(), at_.end());  // all its towers are frozen
  }
  return update;
}

}  // namespace mfusim
