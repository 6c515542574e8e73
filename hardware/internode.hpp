// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collective.hpp"

namespace mfusim {

/// Time of a collective whose group spans nodes; see collective_time.
[[nodiscard]] PredictedTime between_nodes(const Cluster& cluster, const CollectiveShape& shape);

/// NICs of a node that one group uses: those beside its ranks, divided between the groups that run at the same time.
[[nodiscard]] double nics_of_group(const Cluster& cluster, const Group& group);

}  // namespace mfusim
