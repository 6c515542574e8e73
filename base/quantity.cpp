// SPDX-License-Identifier: Apache-2.0
#include "base/quantity.hpp"

#include "base/input_error.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace mfusim {

Picoseconds to_ticks(Seconds time) {
  const double ticks = time.count() * 1e12;
  constexpr double limit = 9.2e18;  // just under the largest int64
  if (!(ticks >= 0) || std::isinf(time.count())) throw std::logic_error(fmt::format("a duration of {} s", time.count()));
  if (ticks > limit)
    throw InputError(fmt::format("something takes {:.3g} s: more than the clock holds (106 days)", time.count()));
  return Picoseconds(std::llround(ticks));
}

}  // namespace mfusim
