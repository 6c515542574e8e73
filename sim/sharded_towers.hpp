// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/build_step.hpp"
#include "sim/fully_sharded.hpp"

#include <span>
#include <vector>

namespace mfusim {

/// The towers of one simulated rank whose parameters are sharded (ZeRO-3): both together, or one on GPUs of its own. Blocks are
/// gathered before they run, and their gradients reduced behind them (sim/fully_sharded.hpp). One micro-batch a step.
class ShardedTowers {
 public:
  /// `view` and `towers` must outlive it.
  ShardedTowers(const Scenario& view, std::span<const Tower<Count>> towers, StepGraph& graph, FullySharded::Seat seat);
  ShardedTowers(const ShardedTowers&) = delete;  // its parts point into it
  ShardedTowers& operator=(const ShardedTowers&) = delete;
  ~ShardedTowers() = default;

  [[nodiscard]] int rank() const { return seat_.rank; }
  /// Loading, then the towers forward; gives what their features wait for.
  [[nodiscard]] std::vector<StepTask> forward();
  /// The trained ones backward from the gradient of the features; gives what the update waits for.
  [[nodiscard]] RankUpdate backward(std::vector<StepTask> gradient);

 private:
  [[nodiscard]] std::vector<FullySharded::Tower> chunks_of() const;

  const Scenario& view_;
  std::span<const Tower<Count>> towers_;
  StepGraph& graph_;
  FullySharded::Seat seat_;
  LayerContext context_;
  FullySharded sharded_;
};

}  // namespace mfusim
