// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// Reads `context` and `context_exchange`.
void read_context(Reader& parallel, ParallelPlan& plan);

/// Reads what is divided over data-parallel and context ranks: `zero`, `fsdp`.
void read_sharding(Reader& parallel, ParallelPlan& plan);

/// Reads `shard_group` once the data-parallel size is known (default: all ranks that reduce gradients together), and checks the
/// rules inside the plan. Throws InputError with the rule and both values.
void complete_sharding(Reader& parallel, ParallelPlan& plan);

/// Rules between sharding, model, batch, stack and techniques. Throws InputError with the rule and both values.
void check_sharding(Reader& root, const Scenario& scenario);

}  // namespace mfusim
