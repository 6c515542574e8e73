// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/chunk_segments.hpp"
#include "sim/fold_memory.hpp"
#include "sim/pipeline_chunks.hpp"
#include "sim/pipeline_wiring.hpp"

#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace mfusim {

/// What the steps of scenarios share whose layers cost the same: the work of a rank, the passes of chunks, priced, and how these
/// passes go beside each other. Whatever order scenarios come in, a step's time is the same as without. For one thread.
class StepLibrary {
 public:
  /// `work`: what one context rank does of a micro-batch (context_share of micro_batch_work). `wirings`: shared with other
  /// libraries of the same thread; null: its own.
  StepLibrary(const Scenario& scenario, Work<Count> work, std::shared_ptr<PipelineWirings> wirings = nullptr);

  /// Whether a scenario's layers cost the same, on a cluster of the same parts: it may differ in how many GPUs there are, how
  /// layers are dealt out to them, and in what runs between passes. Its work must be equal.
  [[nodiscard]] bool holds(const Scenario& scenario) const;

  [[nodiscard]] const Work<Count>& work() const { return work_; }
  /// The chunks of that work's tower under a scenario's plan, priced; they last as long as the library.
  [[nodiscard]] PipelineChunks chunks(const Scenario& scenario, const std::vector<ModelChunk>& chunks);
  /// The steps of all chunks that were priced so far: what segments refer to.
  [[nodiscard]] const StepTable& table() const { return table_; }
  [[nodiscard]] FoldMemory& folds() { return folds_; }
  [[nodiscard]] PipelineWirings& wirings() { return *wirings_; }
  /// Chunks, and how their passes went, are no longer known; what a layer costs still is.
  void forget_chunks();

 private:
  /// The layers of a chunk, and whether its weight gradients are a pass of their own.
  using ChunkKey = std::pair<std::vector<std::pair<const Layer<Count>*, std::int64_t>>, bool>;
  const PipelineChunk& priced(const LayerContext& context, const ModelChunk& chunk, bool splits_backward);

  LayerContext context_;  ///< Its pointers are not followed: they are the first scenario's.
  Work<Count> work_;
  StepTable table_;
  ChunkSegments segments_;
  std::map<ChunkKey, PipelineChunk> chunks_;
  std::array<double, resources_per_rank> capacities_;  ///< Of a rank: a share of the node's network cards is one of them.
  FoldMemory folds_;
  std::shared_ptr<PipelineWirings> wirings_;
};

}  // namespace mfusim
