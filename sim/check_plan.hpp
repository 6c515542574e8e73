// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// The rules that tie the parts of a scenario together. Each throws InputError with the rule and both values.

/// A size that still leaves room for products of several: at most 2^31 - 1.
[[nodiscard]] std::int64_t checked_size(Reader& reader, std::string_view key, std::int64_t value);

/// Fills image size and lengths that are not given with the model's own, and checks that the model can take them.
void complete_lengths(Reader& training, const ModelSpec& model, Training& wanted);

/// `data: auto` is what the other dimensions leave of the GPUs; a number must multiply up to them.
[[nodiscard]] int resolved_data_parallel(Reader& parallel, const ParallelPlan& plan, const Cluster& cluster);

/// Rules inside the plan and between plan and cluster.
void check_plan(Reader& parallel, const ParallelPlan& plan, const Cluster& cluster);

/// Fills micro_batch where it is not given, and the number of micro-batches; checks that the batch divides.
void complete_batches(Reader& training, Scenario& scenario);

/// What of complete_batches() and check_cut() needs no more of the plan than read_cut() reads, for a language model.
void check_batches_and_pipeline(Reader& root, const Reader& training, Scenario& scenario);

/// Rules between model, batches, variation and plan: whether the plan can cut the model. Neither stack nor techniques count.
void check_cut(Reader& root, const Scenario& scenario);

/// Rules between model, plan, batches, stack, techniques and cluster.
void check_scenario(Reader& root, Scenario& scenario);

}  // namespace mfusim
