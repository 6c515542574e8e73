// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "hardware/kernel.hpp"
#include "hardware/network.hpp"

#include <string>

namespace mfusim {

enum class Collective { AllReduce, AllGather, ReduceScatter, AllToAll, Broadcast, SendReceive };
[[nodiscard]] std::string to_string(Collective collective);

/// The GPUs that take part. A group of `ranks` with `ranks_per_node` of them on each node it touches.
/// `concurrent_groups_per_node`: groups like this one that use the node's NICs at the same time (a data-parallel group
/// of one GPU a node, eight of which run side by side, says 8).
struct Group {
  int ranks = 1;
  int ranks_per_node = 1;
  int concurrent_groups_per_node = 1;
  friend bool operator==(const Group&, const Group&) = default;
};

/// `message` is the full, unsharded buffer: what each rank holds after an all-gather, or before a reduce-scatter.
struct CollectiveShape {
  Collective kind = Collective::AllReduce;
  Bytes message;
  Group group;
};

/// Bytes that each rank sends: ring all-reduce 2 (n-1)/n, all-gather and reduce-scatter (n-1)/n of the message, ...
[[nodiscard]] Bytes bytes_sent(const CollectiveShape& shape);

/// Steps of a ring one after another: 2 (n-1) for an all-reduce, n-1 for its halves, 1 for what needs no ring.
[[nodiscard]] double ring_steps(const CollectiveShape& shape);

/// Time of a collective that runs alone (but for its concurrent_groups_per_node). One rank: zero.
/// Inside a node: the fitted laws of the GPU's links (in-switch reduction where there is one). Between nodes: rings
/// through all ranks; an all-reduce takes a tree where that is faster.
///
///   t = base + hops + sent / rate,   rate = min(rate of the links in a node, share of the node's NICs)
///   and not below the time of the same message among the ranks of one node alone;
///   hops of one turn of the ring = nodes * latency + (ranks - nodes) * 3.4 us; an all-reduce turns twice.
///
/// Throws std::logic_error where the group does not fit the cluster.
/// Source: hop times, tree factor and the low-latency protocol (a tenth of the rate) are those of NVIDIA/nccl
/// src/graph/tuning.cc (BSD-3-Clause).
[[nodiscard]] PredictedTime collective_time(const Cluster& cluster, const CollectiveShape& shape);

}  // namespace mfusim
