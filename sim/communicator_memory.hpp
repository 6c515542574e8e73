// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collective.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// GPU memory that NCCL holds for one communicator: channels x 24 MiB.
///
/// A channel has a ring and a tree; on each, a rank receives from a neighbour through buffers of its own, 4 MiB (Simple), 512 KiB
/// (LL) and 4.7 MiB (LL128), and sends with 2 MiB of state; rounded up to pages of 2 MiB that is 10 + 2 MiB twice. Source:
/// NVIDIA/nccl (BSD), src/init.cc, DEFAULT_BUFFSIZE and its neighbours; github.com/NVIDIA/nccl/issues/1685 (allocations of
/// 10485760 and 2097152 bytes, printed by NCCL_DEBUG_SUBSYS=ALLOC). Channels: 24 over NVLink (nccl issue 1785: "24 channels",
/// four A100), 4 over PCIe (assumption), two for each NIC that the group can use between nodes (NCCL doubles its rings,
/// src/graph/connect.cc), at least two. Held against nccl issue 964 (four A100): 544 MiB with two ranks and 688 MiB with more are
/// 576 MiB here.
[[nodiscard]] Bytes communicator_memory(const Group& group, const Cluster& cluster);

/// Of all communicators that a rank of the plan opens: tensor group, data group and its shard groups, context group, its two
/// pipeline neighbours, the stages that hold a tied table, the ranks of one replica (gradient norm), and the job. A group of one
/// needs none. Assumption: sends and receives between stages hold what a collective of two does.
[[nodiscard]] Bytes communicators_memory(const Scenario& scenario);

/// Of a rank of a two-tower job that holds the towers from `first_tower` on. Where towers have plans of their own: the groups of
/// each of its towers, those that two plans have in common once, and the whole job, which sums the norm of the gradients.
[[nodiscard]] Bytes communicators_memory(const Scenario& scenario, std::size_t first_tower);

}  // namespace mfusim
