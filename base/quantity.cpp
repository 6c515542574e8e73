// SPDX-License-Identifier: Apache-2.0
#include "base/quantity.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace mfusim {

Picoseconds to_ticks(Seconds time) {
  const double ticks = time.count() * 1e12;
  constexpr double limit = 9.2e18;  // just under the largest int64
  if (!(ticks >= 0) || ticks > limit) {
    throw std::logic_error(fmt::format("a duration of {} s is outside the engine's clock", time.count()));
  }
  return Picoseconds(std::llround(ticks));
}

}  // namespace mfusim
