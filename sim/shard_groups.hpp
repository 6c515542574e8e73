// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collective.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <map>
#include <string>

namespace mfusim {

/// Collectives of the ranks that hold the same parameters: of all of them, of those that divide the state between them (a
/// shard group), and of those that hold the same share of it (its replicas). Where there is more than one shard group, state
/// is sharded inside and replicated across: FSDP's HYBRID_SHARD, MiCS, Megatron-Core's several distributed-optimizer instances.
/// Source: Zhao et al. 2023, arXiv:2304.11277, section 3.2.2; Zhang et al. 2022, arXiv:2205.00119 (MiCS).

/// A collective of the data stream; the caller leaves out groups of one rank.
[[nodiscard]] Step group_collective(const Scenario& scenario, Collective kind, Bytes message, const std::string& name,
                                    const Group& group);

/// Whether ranks hold weights that others have updated: ZeRO-1 and 2.
[[nodiscard]] bool gathers_new_weights(const ParallelPlan& plan);

/// Whether the gather runs under the next forward pass, not behind the update.
[[nodiscard]] bool gathers_under_forward(const Scenario& scenario);

/// All-gather of `values` weights inside a shard group: each rank sends (s-1)/s of them.
[[nodiscard]] Step weight_gather(const Scenario& scenario, double values, const std::string& name);

/// Places in the step table of a reduction that occurs often.
struct ReductionRows {
  std::size_t inside = no_row;
  std::size_t across = no_row;
};
/// The same by how many gradients it sums.
using ReductionRowsBySize = std::map<double, ReductionRows>;

/// Sums `values` gradients after `ready`; gives the task that ends it.
/// ZeRO-0: one all-reduce of all ranks. From ZeRO-1 on a reduce-scatter inside the shard group, then, where there are r > 1
/// groups, an all-reduce of the 1/s share across them: each rank sends (s-1)/s + 2 (r-1)/(r s) of the values. Software that
/// reduces whole gradients does so with ZeRO-1 as with ZeRO-0.
StepTask reduce_gradients(const Scenario& scenario, StepGraph& graph, int rank, double values, StepInstance instance,
                          StepTask ready, ReductionRows& rows);

}  // namespace mfusim
