// SPDX-License-Identifier: Apache-2.0
#include "hardware/node_collective_law.hpp"

#include <algorithm>

namespace mfusim {

Seconds node_collective_law_time(const NodeCollectiveLaw& law, double steps, Bytes sent, Bytes own_block) {
  const Seconds eager = law.base + law.step * steps + sent / (law.bandwidth * law.eager_share);
  const Seconds bulk = law.bulk_base + law.bulk_step * steps + sent / law.bandwidth;
  return std::min(eager, bulk) + own_block / law.copy_bandwidth;
}

}  // namespace mfusim
