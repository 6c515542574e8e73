// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <span>
#include <string>
#include <vector>

namespace mfusim {

/// Reads the `variation` section: `slow_nodes` or `slow_ranks`, and `jitter`. Throws InputError where a rank does not exist or is
/// given twice, a slowdown is outside 1..1000, a fraction or deviation outside 0..1, samples outside 1..1000, or the first two
/// keys stand there together or none of the three does.
[[nodiscard]] Variation read_variation(Reader reader, const Cluster& cluster);

/// How many times longer than those of other ranks the kernels of each rank of the job last: 1 or more, by rank.
/// Slow nodes: round(fraction x nodes) of them, the first of one shuffle a seed; so a larger fraction keeps the slow nodes of a
/// smaller one. Nodes are `gpus_per_node` consecutive ranks, ranks are numbered as in sim/placement.hpp.
[[nodiscard]] std::vector<double> slowdown_of_ranks(const Variation& variation, const Cluster& cluster);

/// One sentence for the result: how many GPUs are slow, also where a small fraction of few nodes is none, and what is random.
[[nodiscard]] std::string describe_variation(const Variation& variation, const Cluster& cluster);

/// Data-parallel replicas with the same slow stages: they cannot differ, and one is simulated for all. With jitter each replica
/// is one of its own.
struct ReplicaClass {
  std::vector<double> slowdown;  ///< By pipeline stage: of the slowest rank of its tensor group.
  int replicas = 0;
};

/// The classes of a scenario, in the order of their first replicas; one class where nothing varies.
///
/// Assumption: a tensor group is as slow as its slowest rank. Ranks of a group wait for each other at every exchange, several
/// times a layer, so none can run ahead for long. Exact for one-rank groups; otherwise too long by at most 0.05 % of the step
/// in 1000 random plans against every rank on its own.
[[nodiscard]] std::vector<ReplicaClass> replica_classes(const Scenario& scenario);

/// The step with what differs unfolded: a rank for each stage of each class (class c of stage s is rank s x classes + c), data
/// collectives join the classes. Kernels of a slow rank last longer; what they take of their GPU's resources, as a fraction,
/// stays. Launches, copies and transfers are as fast as elsewhere. The same step where nothing varies. Jitter is the first
/// sample's (sim/jitter.hpp). Throws InputError where so many classes do not fit into this machine's memory.
[[nodiscard]] BuiltStep vary(BuiltStep step, const Scenario& scenario);

/// Makes the kernels of each rank of a step last `slowdown` times longer (by rank; rounded to picoseconds).
void slow_kernels(BuiltStep& step, std::span<const double> slowdown);

}  // namespace mfusim
