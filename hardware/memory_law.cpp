// SPDX-License-Identifier: Apache-2.0
#include "hardware/memory_law.hpp"

namespace mfusim {

Seconds memory_law_time(const MemoryLaw& law, const MemoryShape& shape, BytesPerSecond bandwidth) {
  const auto op = static_cast<std::size_t>(shape.op);
  const Seconds launches = law.fixed * shape.launches;
  if (shape.fused) return launches + shape.bytes / (bandwidth * law.share[op]);
  if (law.eager_share[op] > 0) return launches + shape.bytes / (bandwidth * law.eager_share[op]);
  return launches + law.eager_traffic * shape.bytes / (bandwidth * law.share[op]);
}

}  // namespace mfusim
