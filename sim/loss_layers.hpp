// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/build_work.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// The contrastive loss of one rank, cut where embeddings are exchanged. Its operators run in program order.
struct LossLayers {
  Layer<Count> own;    ///< Works on the rank's own embeddings.
  Layer<Count> joint;  ///< Works on gathered ones; of a ring, on one block of them.
};

/// `head`: the loss of the rank's own rows against the whole batch (Work::head); `view`: whose data-parallel ranks share it.
/// Local: the rank's own rows. Global: every row of the batch, on each rank. Ring: one block of batch / data-parallel rows and
/// columns.
[[nodiscard]] LossLayers loss_layers(const Scenario& scenario, const Scenario& view, const LayerGroup<Count>& head);

/// What a rank keeps of the loss for its backward pass: fp32 scores of its own rows, of all rows where the loss is global.
[[nodiscard]] Bytes loss_memory(const Scenario& scenario, const Scenario& view, const LayerGroup<Count>& head);

}  // namespace mfusim
