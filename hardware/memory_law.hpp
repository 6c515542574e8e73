// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "hardware/kernel.hpp"

#include <array>
#include <cstddef>

namespace mfusim {

inline constexpr std::size_t memory_operators = 8;  ///< Enumerators of MemoryOperator.

/// Memory-bound kernels: t = launches * fixed + bytes / (share * data-sheet bandwidth).
/// `fixed` gives the size curve: small tensors never reach the share. A framework's own kernels stream as tuned ones do,
/// except in the families that have an eager share of their own.
struct MemoryLaw {
  Seconds fixed{};
  std::array<double, memory_operators> share{};
  std::array<double, memory_operators> eager_share{};  ///< 0: as `share`.
};

/// Time of `shape` where the memory has `bandwidth` by its data sheet.
[[nodiscard]] Seconds memory_law_time(const MemoryLaw& law, const MemoryShape& shape, BytesPerSecond bandwidth);

}  // namespace mfusim
