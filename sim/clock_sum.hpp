// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/engine_linear.hpp"

#include <cstdint>

namespace mfusim {

/// a + b picoseconds. Throws InputError where the clock would overflow.
[[nodiscard]] inline std::int64_t clock_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) throw_clock_overflow(0);
  return sum;
}

}  // namespace mfusim
