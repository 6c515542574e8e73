// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "hardware/kernel.hpp"

#include <array>
#include <cstddef>

namespace mfusim {

inline constexpr std::size_t memory_operators = 8;  ///< Enumerators of MemoryOperator.

/// Memory-bound kernels: t = launches * fixed + traffic * bytes / (share * data-sheet bandwidth).
/// `fixed` gives the size curve: small tensors never reach the share. Fused kernels have traffic 1 and `share`; eager
/// ones have traffic `eager_traffic` on the same share, except where an eager share was measured against the least
/// bytes (then it contains the extra traffic).
struct MemoryLaw {
  Seconds fixed{};
  std::array<double, memory_operators> share{};
  double eager_traffic = 1;
  std::array<double, memory_operators> eager_share{};  ///< 0: use share and eager_traffic.
};

/// Time of `shape` where the memory has `bandwidth` by its data sheet.
[[nodiscard]] Seconds memory_law_time(const MemoryLaw& law, const MemoryShape& shape, BytesPerSecond bandwidth);

}  // namespace mfusim
