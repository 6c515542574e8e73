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
    throw InputError(fmt::format(
        "a part of the step would last {:.3g} s, and a step may last 106 days: smaller sizes or faster rates are needed",
        time.count()));
  return Picoseconds(std::llround(ticks));
}

}  // namespace mfusim
