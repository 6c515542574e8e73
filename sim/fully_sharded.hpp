// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/chunk_segments.hpp"
#include "sim/scenario.hpp"
#include "sim/shard_groups.hpp"
#include "sim/step_graph.hpp"

#include <map>
#include <vector>

namespace mfusim {

/// Tensors that the optimizer updates: of a flat unit one, whatever parameters it holds.
[[nodiscard]] double update_tensors(const Scenario& scenario, const ModelChunk& chunk);

/// The passes of one rank whose parameters are sharded (ZeRO-3, FSDP): each transformer block is a unit that is gathered before
/// its forward and, where it was given up, before its backward pass; its gradients are reduced behind that. Every micro-batch
/// gathers and reduces anew (FSDP without no_sync; DeepSpeed). Collectives run in order on the data stream, as those of one
/// NCCL communicator do. The root unit (all layers that are no blocks) is gathered first and reduced last.
///
/// A unit's gather may start when the unit `prefetch + 1` places before it has ended, behind that one's reduction: `prefetch`
/// 1 is FSDP's rate limiter of two gathered units. Without backward prefetch the gather stands before that reduction
/// (BACKWARD_POST). Nothing is gathered before its micro-batch begins. Without techniques.dp_overlap nothing is gathered ahead
/// and each layer waits for the reduction before it. Each rank sends, for P parameters in blocks and R in the root of s shards,
/// (s-1)/s of 2 P + R weights (P + R where nothing is given up after forward) and of P + R gradients a micro-batch. Source: Zhao
/// et al. 2023, arXiv:2304.11277, section 4; Rajbhandari et al. 2020, arXiv:1910.02054, section 7.2.2; PyTorch documentation,
/// FSDP notes ("prefetch nuances").
class FullySharded {
 public:
  struct Tower {
    ModelChunk chunk;
    bool frozen = false;  ///< Forward only.
  };
  struct Seat {
    int rank = 0;                   ///< Simulated rank that runs the passes.
    std::uint32_t first_tower = 0;  ///< Number of the first tower in the model: the chunk of its tasks.
  };
  /// `context` and `graph` must outlive the object.
  FullySharded(const Scenario& scenario, const LayerContext& context, StepGraph& graph, std::vector<Tower> towers, Seat seat);

  /// Starts a micro-batch behind the one before.
  void begin(std::uint32_t micro_batch);
  /// The passes of a tower: all towers forward in their order, then those with gradients back in reverse order. `input` is what
  /// the first layer waits for; gives what the result waits for.
  [[nodiscard]] std::vector<StepTask> forward(std::size_t tower, const std::vector<StepTask>& input);
  [[nodiscard]] std::vector<StepTask> backward(std::size_t tower, const std::vector<StepTask>& gradient);
  /// Ends the micro-batch with the reduction of the root's gradients. Gives what the update waits for.
  [[nodiscard]] std::vector<StepTask> end();

  [[nodiscard]] double trainable() const;  ///< Parameters of the rank that are trained, before they are sharded.

 private:
  /// One kind of layer: all blocks of a tower share it.
  struct Unit {
    Segment forward, backward;
    double parameters = 0;
    double trainable = 0;
    std::size_t gather_row = no_row, copy_out_row = no_row, copy_in_row = no_row, flatten_row = no_row, convert_row = no_row;
    ReductionRows reduction;
  };
  /// A pass over one layer in one direction.
  struct Visit {
    Unit* unit = nullptr;
    std::uint32_t tower = 0;
    bool forward = true;
    bool block = false;
    bool gathers = false;
    std::size_t opens = 0;  ///< Block visits that end before its gather may start.
  };
  [[nodiscard]] std::size_t prefetch(const Visit& visit) const;
  [[nodiscard]] Unit& unit_of(const LayerRun& run);
  void plan_tower(std::uint32_t tower, bool forward);
  void plan_gathers();
  [[nodiscard]] std::vector<StepTask> pass(bool forward, std::uint32_t tower, std::vector<StepTask> entry);
  [[nodiscard]] std::vector<StepTask> visit(const Visit& what, std::vector<StepTask> entry);
  void gather_ahead();
  void reduce(Unit& unit, const Visit& what);
  [[nodiscard]] StepTask flatten(Unit& unit, const Visit& what);
  [[nodiscard]] StepTask copy(std::size_t& row, const char* name, Bytes bytes, const Visit& what,
                              const std::vector<StepTask>& after);
  [[nodiscard]] StepInstance instance(const Visit& what) const;

  const Scenario& scenario_;
  StepGraph& graph_;
  std::vector<Tower> towers_;
  Seat seat_;
  const LayerContext& context_;
  ChunkSegments segments_;
  std::map<const Layer<Count>*, Unit> units_;
  Unit root_;
  std::vector<Visit> visits_;
  std::vector<std::size_t> blocks_;  ///< Visits of blocks, in their order.

  std::uint32_t micro_batch_ = 0;
  std::size_t next_visit_ = 0;
  std::size_t next_gather_ = 0;  ///< Of blocks_.
  std::vector<StepTask> begin_;  ///< What the micro-batch's first gathers wait for.
  std::vector<StepTask> root_gathered_;
  std::vector<StepTask> gathered_;    ///< By block visit: its gather; only of those that gather.
  std::vector<StepTask> block_ends_;  ///< By block visit: its last task.
  std::vector<StepTask> reduced_;     ///< The last reduction, if any.
  StepTask last_;                     ///< The last visit's last task.
};

}  // namespace mfusim
