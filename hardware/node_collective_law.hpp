// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"

namespace mfusim {

/// A collective between the GPUs of one node, over their links.
///
///   t = min(t_eager, t_bulk) + message / (ranks * copy_bandwidth)
///   t_eager = base + step * steps + sent / (eager_share * bandwidth)
///   t_bulk  = bulk_base + bulk_step * steps + sent / bandwidth
///
/// steps: 2 (ranks - 1) for an all-reduce, ranks - 1 for all-gather, reduce-scatter and broadcast, 1 for an all-to-all
/// and for point-to-point. sent: what each rank sends. The two branches are the protocols of the library: one that
/// writes flags beside the data (low latency, part of the rate) and one that moves large blocks. The last term is the
/// rank's own block, which is copied through its memory.
/// Source: the two protocols and the step counts are those of NVIDIA/nccl src/graph/tuning.cc (BSD-3); constants fitted.
struct NodeCollectiveLaw {
  Seconds base{};
  Seconds step{};
  double eager_share = 1;
  Seconds bulk_base{};
  Seconds bulk_step{};
  BytesPerSecond bandwidth;
  BytesPerSecond copy_bandwidth;
};

[[nodiscard]] Seconds node_collective_law_time(const NodeCollectiveLaw& law, double steps, Bytes sent, Bytes own_block);

}  // namespace mfusim
