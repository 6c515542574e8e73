// SPDX-License-Identifier: Apache-2.0
#include "hardware/internode.hpp"

#include "hardware/gpu_model.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace mfusim {

namespace {

/// Source of all: NVIDIA/nccl src/graph/tuning.cc (BSD-3-Clause): base latencies and hops of the bulk ("Simple") and the
/// low-latency ("LL") protocol at commit 5067397c; the tree's hops at commit 01afd20a, which fit the one measured size
/// curve over several nodes (a ring, not a tree, on four nodes). Network hops are kept in proportion to Network::latency.
constexpr Seconds ring_base{8.4e-6};
constexpr Seconds ring_link_hop{3.4e-6};
constexpr Seconds tree_link_hop{28e-6};  // a chunk of 256 KiB moves on as a whole
constexpr double tree_network_hop = 50.0 / 14;
constexpr double tree_rate = 0.85;
constexpr Seconds low_latency_base{6.6e-6};
constexpr Seconds low_latency_link_hop{0.6e-6};
constexpr double low_latency_network_hop = 2.7 / 14;
constexpr double low_latency_rate = 0.1;  // its cap of 19 GB/s on more than two nodes of A100, against 192 of the NICs

struct Route {
  int nodes;
  int ranks;
  BytesPerSecond nics;  ///< Of the group on one node.
  BytesPerSecond rate;  ///< Of a ring or tree through all ranks.
};

BytesPerSecond achieved_by_nics(const Cluster& cluster, const Group& group, int nodes) {
  const Network& network = cluster.network;
  const bool crosses_leaves = network.nodes_per_leaf == 0 || nodes > network.nodes_per_leaf;
  const double thinning = crosses_leaves ? network.oversubscription : 1;
  return network.nic_bandwidth * (nics_of_group(cluster, group) * network.efficiency / thinning);
}

/// Rate of the links between the ranks of a node; without links the NICs' own path through PCIe limits.
BytesPerSecond achieved_by_links(const Gpu& gpu) {
  const auto& law = gpu.model->node_collective[static_cast<std::size_t>(Collective::AllGather)];
  return law ? law->law.bandwidth : gpu.pcie_per_direction;
}

Route route_of(const Cluster& cluster, const Group& group) {
  const int nodes = (group.ranks + group.ranks_per_node - 1) / group.ranks_per_node;
  const BytesPerSecond nics = achieved_by_nics(cluster, group, nodes);
  const BytesPerSecond rate = group.ranks_per_node > 1 ? std::min(nics, achieved_by_links(cluster.gpu)) : nics;
  return {.nodes = nodes, .ranks = group.ranks, .nics = nics, .rate = rate};
}

Seconds ring_time(const Cluster& cluster, const Route& route, double turns, Bytes sent) {
  const double link_hops = route.ranks - route.nodes;
  const Seconds hops = route.nodes * cluster.network.latency + link_hops * ring_link_hop;
  const Seconds bulk = ring_base + turns * hops + sent / route.rate;
  if (cluster.network.protocols == Protocols::BulkOnly) return bulk;
  const Seconds quick_hops = route.nodes * low_latency_network_hop * cluster.network.latency + link_hops * low_latency_link_hop;
  const Seconds quick = low_latency_base + turns * quick_hops + sent / (route.rate * low_latency_rate);
  return std::min(bulk, quick);
}

/// Up and down a binary tree of nodes, along a chain inside each node.
Seconds tree_time(const Cluster& cluster, const Route& route, const CollectiveShape& shape) {
  const double levels = std::ceil(std::log2(static_cast<double>(route.nodes)));
  const Seconds hops = levels * tree_network_hop * cluster.network.latency + (shape.group.ranks_per_node - 1) * tree_link_hop;
  return ring_base + 2 * hops + 2 * shape.message / (route.rate * tree_rate);
}

/// Every rank sends to every other: what leaves the node shares its NICs, what stays its links.
Seconds all_to_all_time(const Cluster& cluster, const Route& route, const CollectiveShape& shape) {
  const int in_node = shape.group.ranks_per_node;
  const Bytes leaving = shape.message * (static_cast<double>(in_node) * (route.ranks - in_node) / route.ranks);
  const Bytes staying = shape.message * (static_cast<double>(in_node - 1) / route.ranks);
  const Seconds links = staying / achieved_by_links(cluster.gpu);
  return ring_base + cluster.network.latency + std::max(leaving / route.nics, links);
}

Seconds send_time(const Cluster& cluster, const Route& route, const CollectiveShape& shape) {
  const double share = cluster.network.send_receive_efficiency / cluster.network.efficiency;
  return cluster.network.latency + shape.message / (route.nics * share);
}

Seconds all_reduce_time(const Cluster& cluster, const Route& route, const CollectiveShape& shape) {
  const Seconds ring = ring_time(cluster, route, 2, bytes_sent(shape));
  return cluster.network.algorithms == Algorithms::Ring ? ring : std::min(ring, tree_time(cluster, route, shape));
}

Seconds time_of(const Cluster& cluster, const Route& route, const CollectiveShape& shape) {
  switch (shape.kind) {
    case Collective::AllReduce:
      return all_reduce_time(cluster, route, shape);
    case Collective::AllGather:
    case Collective::ReduceScatter:
      return ring_time(cluster, route, 1, bytes_sent(shape));
    case Collective::AllToAll:
      return all_to_all_time(cluster, route, shape);
    case Collective::Broadcast:
      return ring_time(cluster, route, 1, bytes_sent(shape));
    case Collective::SendReceive:
      return send_time(cluster, route, shape);
  }
  throw std::logic_error("unhandled Collective");
}

}  // namespace

double nics_of_group(const Cluster& cluster, const Group& group) {
  const double nics = cluster.network.nics_per_node;
  const double per_rank = std::max(1.0, nics / cluster.gpus_per_node);
  return std::min(nics / group.concurrent_groups_per_node, group.ranks_per_node * per_rank);
}

PredictedTime between_nodes(const Cluster& cluster, const CollectiveShape& shape) {
  const Route route = route_of(cluster, shape.group);
  return {.time = time_of(cluster, route, shape), .provenance = cluster.network.provenance, .outside_measured_region = false};
}

}  // namespace mfusim
