// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "base/reader.hpp"
#include "hardware/gpu.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// What the collective library uses between nodes: also its low-latency protocol for small messages, or bulk alone.
enum class Protocols { All, BulkOnly };

/// Which algorithms it may use for an all-reduce between nodes: the faster of ring and tree, or rings alone.
enum class Algorithms { All, Ring };

/// What joins the nodes of a cluster. A node has `nics_per_node` NICs that its GPUs share evenly; a group of GPUs uses
/// those next to its members, and groups that run at the same time divide them.
struct Network {
  std::string name;  ///< Catalog name, or "inline".
  int nics_per_node = 1;
  BytesPerSecond nic_bandwidth;        ///< Line rate of one NIC, per direction.
  Seconds latency{};                   ///< One hop between nodes, host to host.
  double efficiency = 1.0;             ///< Achieved share of the line rate by large collectives inside a training step.
  double oversubscription = 1.0;       ///< Above the leaf switches; 1 is a full fat tree.
  double benchmark_efficiency = 1.0;   ///< The same when the collective runs alone, as in nccl-tests.
  double send_receive_efficiency = 1;  ///< Achieved share of one NIC by one pair.
  int nodes_per_leaf = 0;              ///< Nodes below one leaf switch (of a rail, where rails have their own); 0: all of them.
  Protocols protocols = Protocols::All;
  Algorithms algorithms = Algorithms::All;
  Provenance provenance = Provenance::Assumed;
};

[[nodiscard]] Network load_network(std::string_view name);  ///< Throws InputError with the nearest known name.
[[nodiscard]] Network read_network(Reader reader);          ///< An inline mapping of a scenario.
[[nodiscard]] std::vector<std::string> network_names();

/// A cluster: nodes of equal GPUs and a network between them.
struct Cluster {
  Gpu gpu;
  int gpus = 1;
  int gpus_per_node = 8;
  Network network;
};

}  // namespace mfusim
