// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "sim/scenario.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// Reads `schedule`, `virtual_stages` and `post_validation`. Zero-bubble schedules validate the gradient norm after the
/// optimizer unless they are told not to; the others cannot.
void read_schedule(Reader& parallel, ParallelPlan& plan);

[[nodiscard]] const std::vector<std::pair<std::string, Recompute>>& recompute_names();

/// Reads `recompute`, `recompute_method` and `recompute_layers`.
void read_recompute(Reader& parallel, ParallelPlan& plan);

/// Repeated layers of each chunk of the model, or nothing for equal shares. One of:
/// `stages: [..]`: the layers of each chunk, first to last;
/// `first_stage_layers`, `last_stage_layers`: of these stages, the others share the rest equally (Megatron-LM's
/// --decoder-first-pipeline-num-layers and --decoder-last-pipeline-num-layers);
/// `account_for_embedding`, `account_for_loss`: the embedding, or logits and loss, take the place of one layer
/// (--account-for-embedding-in-pipeline-split, --account-for-loss-in-pipeline-split).
/// Throws InputError where they do not add up to `layers`, or an inner chunk would be empty.
[[nodiscard]] std::vector<std::int64_t> read_chunk_layers(Reader& parallel, const ParallelPlan& plan, std::int64_t layers);

}  // namespace mfusim
