// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collective.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// Where the ranks of each group sit. Ranks are numbered as in Megatron-LM: tensor innermost, then data, then pipeline;
/// so tensor groups fill nodes first, and pipeline neighbours are furthest apart.
[[nodiscard]] Group tensor_group(const ParallelPlan& plan);
[[nodiscard]] Group data_group(const ParallelPlan& plan, const Cluster& cluster);
/// A sender and a receiver in neighbouring pipeline stages.
[[nodiscard]] Group pipeline_pair(const ParallelPlan& plan, const Cluster& cluster);
/// All GPUs of the job.
[[nodiscard]] Group whole_job(const Cluster& cluster);

}  // namespace mfusim
