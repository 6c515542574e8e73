// SPDX-License-Identifier: Apache-2.0
#include "hardware/collective.hpp"

#include "hardware/gpu_model.hpp"
#include "hardware/internode.hpp"
#include "hardware/measured_grids.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace mfusim {

std::string to_string(Collective collective) {
  switch (collective) {
    case Collective::AllReduce:
      return "all-reduce";
    case Collective::AllGather:
      return "all-gather";
    case Collective::ReduceScatter:
      return "reduce-scatter";
    case Collective::AllToAll:
      return "all-to-all";
    case Collective::Broadcast:
      return "broadcast";
    case Collective::SendReceive:
      return "send-receive";
  }
  throw std::logic_error("unhandled Collective");
}

Bytes bytes_sent(const CollectiveShape& shape) {
  const double others = static_cast<double>(shape.group.ranks - 1) / shape.group.ranks;
  switch (shape.kind) {
    case Collective::AllReduce:
      return shape.message * (2 * others);
    case Collective::AllGather:
    case Collective::ReduceScatter:
    case Collective::AllToAll:
      return shape.message * others;
    case Collective::Broadcast:
    case Collective::SendReceive:
      return shape.message;
  }
  throw std::logic_error("unhandled Collective");
}

double ring_steps(const CollectiveShape& shape) {
  switch (shape.kind) {
    case Collective::AllReduce:
      return 2.0 * (shape.group.ranks - 1);
    case Collective::AllGather:
    case Collective::ReduceScatter:
      return shape.group.ranks - 1;
    case Collective::AllToAll:
      return 1;
    case Collective::Broadcast:
      return shape.group.ranks - 1;
    case Collective::SendReceive:
      return 1;
  }
  throw std::logic_error("unhandled Collective");
}

namespace {

/// Without links between the GPUs everything goes through PCIe and the host bridge.
/// Assumption: 20 of 32 GB/s are achieved by two GPUs (NVIDIA L40S, ai-dynamo/aiconfigurator); larger hosts may collapse.
constexpr double pcie_share = 20.0 / 32.0;
constexpr Seconds pcie_latency{20e-6};

PredictedTime over_pcie(const Gpu& gpu, const CollectiveShape& shape) {
  const Seconds time = pcie_latency + bytes_sent(shape) / (gpu.pcie_per_direction * pcie_share);
  return {.time = time, .provenance = Provenance::Assumed, .outside_measured_region = true};
}

/// Assumption: a broadcast runs in the rings of an all-gather where it has no law of its own.
const std::optional<NodeCollectiveModel>& law_of(const GpuModel& model, Collective kind) {
  const auto& own = model.node_collective[static_cast<std::size_t>(kind)];
  return own || kind != Collective::Broadcast ? own : model.node_collective[static_cast<std::size_t>(Collective::AllGather)];
}

PredictedTime inside_node(const Gpu& gpu, const CollectiveShape& shape) {
  const auto& model = law_of(*gpu.model, shape.kind);
  if (!model || shape.group.ranks > gpu.linked_gpus) return over_pcie(gpu, shape);
  const bool own_law = gpu.model->node_collective[static_cast<std::size_t>(shape.kind)].has_value();
  CollectiveShape measured = shape;
  measured.message = shape.message * model->message_scale;
  const PredictedTime law{.time = own_law ? node_law_time(*gpu.model, shape)
                                          : node_collective_law_time(model->law, ring_steps(shape), bytes_sent(shape), Bytes(0)),
                          .provenance = own_law ? model->provenance : Provenance::Assumed,
                          .outside_measured_region = !model->message.contains(measured.message.value())};
  if (!own_law) return law;
  return corrected_by(model->grid, law, grid_coordinates(measured), Provenance::Measured);
}

void require_fitting(const Cluster& cluster, const Group& group) {
  const bool fits = group.ranks >= 1 && group.ranks_per_node >= 1 && group.concurrent_groups_per_node >= 1 &&
                    group.ranks_per_node <= cluster.gpus_per_node && group.ranks <= cluster.gpus;
  if (!fits) throw std::logic_error("a group of ranks that does not fit its cluster");
}

}  // namespace

PredictedTime collective_time(const Cluster& cluster, const CollectiveShape& shape) {
  require_fitting(cluster, shape.group);
  if (shape.group.ranks == 1) return {.time = Seconds(0), .provenance = Provenance::Measured};
  if (shape.group.ranks <= shape.group.ranks_per_node) return inside_node(cluster.gpu, shape);
  PredictedTime time = between_nodes(cluster, shape);
  if (shape.group.ranks_per_node == 1 || shape.kind == Collective::SendReceive) return time;
  CollectiveShape one_node = shape;
  one_node.group.ranks = shape.group.ranks_per_node;
  time.time = std::max(time.time, inside_node(cluster.gpu, one_node).time);
  return time;
}

}  // namespace mfusim
