// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/scenario.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <vector>

namespace mfusim {

/// Consecutive equal layers of a chunk.
struct LayerRun {
  const Layer<Count>* layer = nullptr;  ///< Points into the model's Work, which must outlive it.
  std::int64_t repeat = 1;
  bool transformer_block = false;  ///< One of the tower's repeated layers: what activation recomputation covers.
  friend bool operator==(const LayerRun&, const LayerRun&) = default;
};

/// The layers that one pipeline rank runs in one go: one of its virtual stages.
struct ModelChunk {
  boost::container::small_vector<LayerRun, 2> runs;  ///< At an end of the model there are more.
};

/// Cuts a tower into `chunks` pieces with equal numbers of its repeated layers; what stands before them (embedding) goes
/// to the first piece, what stands behind (final norm, logits, loss) to the last.
/// Throws std::logic_error where the repeated layers do not divide: plans are checked before.
[[nodiscard]] std::vector<ModelChunk> cut_into_chunks(const std::vector<LayerGroup<Count>>& groups, int chunks);

/// The same for a plan, which may choose the layers of each chunk; a chunk without repeated layers has no run of them.
[[nodiscard]] std::vector<ModelChunk> cut_into_chunks(const std::vector<LayerGroup<Count>>& groups, const ParallelPlan& plan);

/// What of a plan decides which layers are recomputed.
struct RecomputedLayers {
  Recompute what = Recompute::None;
  RecomputeMethod method = RecomputeMethod::Uniform;
  std::int64_t layers = 1;
  friend bool operator==(const RecomputedLayers&, const RecomputedLayers&) = default;
};

/// Layers of the run that the backward pass recomputes, or of which it recomputes the attention: the first ones of the run under
/// the block method, otherwise all; none outside the repeated layers.
[[nodiscard]] std::int64_t recomputed_layers(const RecomputedLayers& recomputed, const LayerRun& run);
[[nodiscard]] std::int64_t recomputed_layers(const ParallelPlan& plan, const LayerRun& run);

}  // namespace mfusim
