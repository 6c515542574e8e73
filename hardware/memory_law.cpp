// SPDX-License-Identifier: Apache-2.0
#include "hardware/memory_law.hpp"

namespace mfusim {

Seconds memory_law_time(const MemoryLaw& law, const MemoryShape& shape, BytesPerSecond bandwidth) {
  const auto op = static_cast<std::size_t>(shape.op);
  const Seconds launches = law.fixed * shape.launches;
  const bool own_share = !shape.fused && law.eager_share[op] > 0;
  return launches + shape.bytes / (bandwidth * (own_share ? law.eager_share[op] : law.share[op]));
}

}  // namespace mfusim
