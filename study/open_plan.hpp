// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"

#include <filesystem>
#include <string>

namespace mfusim {

/// Gives a scenario without a `sweep:` block one: the keys of the plan that it leaves open, each over what it can sensibly be.
///
/// Language models: tensor ranks within a node, pipeline stages and chunks that divide the layers (interleaved 1F1B), context
/// ranks for sequences over 8192 tokens, micro-batches of 1 to 16, recomputation, ZeRO (its stages above 1 without a pipeline),
/// and sequence parallelism with tensor ranks. Where a power of two divides the layers only if embedding and logits count as one
/// each, they may. Two towers: micro-batches that halve the local batch, recomputation, ZeRO.
/// What the scenario states stays as it is. Schedules, stages cut unevenly, techniques and sharding groups are not searched.
///
/// `asked`: a key that gets an axis before all others, stated or not: `cluster.gpus`, `training.global_batch` and other integers
/// from an eighth to eight times what the scenario says, `cluster.gpu` over the catalog; empty: none.
///
/// Throws InputError where nothing is left open, where `towers:` gives each tower a plan of its own, and where the model,
/// the number of GPUs or the batch is missing.
void search_open_plan(Node& document, const std::filesystem::path& folder, const std::string& asked);

}  // namespace mfusim
