// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/count.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace mfusim {

/// The few questions about a number that shapes ask besides arithmetic; specialised for each number type.
template <class N>
struct NumberTraits;

template <>
struct NumberTraits<Count> {
  /// Certain equality: a symbolic number is equal to another only where it always is.
  [[nodiscard]] static bool same(Count a, Count b) { return a == b; }
  /// The smaller one. Symbols: the second, a limit that was given on purpose.
  [[nodiscard]] static Count smaller(Count a, Count b) { return std::min(a, b); }
  /// floor(a / b). Symbols: a / b.
  [[nodiscard]] static Count quotient(Count a, Count b) { return a.value() / b.value(); }
  /// max(1, floor(count (1 - dropped))): what remains of `count` tokens when a fraction is dropped.
  [[nodiscard]] static Count remaining(Count count, double dropped) {
    const double kept = std::floor(count.as_double() * (1 - dropped));
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(kept));
  }
};

template <class N>
[[nodiscard]] bool same(const N& a, const N& b) {
  return NumberTraits<N>::same(a, b);
}

template <class N>
[[nodiscard]] bool is_zero(const N& a) {
  return same(a, N(0));
}

}  // namespace mfusim
