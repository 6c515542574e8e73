// SPDX-License-Identifier: Apache-2.0
#include "sim/sharded_towers.hpp"

#include "sim/data_parallel.hpp"
#include "sim/input_pipeline.hpp"
#include "sim/tower_step.hpp"

namespace mfusim {

ShardedTowers::ShardedTowers(const Scenario& view, std::span<const Tower<Count>> towers, StepGraph& graph,
                             FullySharded::Seat seat)
    : view_(view),
      towers_(towers),
      graph_(graph),
      seat_(seat),
      context_(layer_context(view)),
      sharded_(view, context_, graph, chunks_of(), seat) {}

std::vector<FullySharded::Tower> ShardedTowers::chunks_of() const {
  std::vector<FullySharded::Tower> chunks;
  for (const Tower<Count>& tower : towers_) chunks.push_back({cut_into_chunks(tower.groups, 1).front(), tower.frozen});
  return chunks;
}

std::vector<StepTask> ShardedTowers::forward() {
  Bytes samples;
  for (const Tower<Count>& tower : towers_) samples += input_bytes(tower, view_.training.precision);
  std::vector<StepTask> ready = add_input(view_, graph_, seat_.rank, samples);
  sharded_.begin(0);
  for (std::size_t i = 0; i < towers_.size(); ++i) ready = sharded_.forward(i, ready);
  return ready;
}

RankUpdate ShardedTowers::backward(std::vector<StepTask> gradient) {
  double tensors = 0;
  for (std::size_t i = towers_.size(); i-- > 0;) {
    tensors += update_tensors(view_, cut_into_chunks(towers_[i].groups, 1).front());
    if (!towers_[i].frozen) gradient = sharded_.backward(i, gradient);
  }
  std::vector<StepTask> ended = sharded_.end();
  return {
      .rank = seat_.rank, .parameters = sharded_.trainable(), .tensors = tensors, .gradients = std::move(ended), .view = &view_};
}

}  // namespace mfusim
