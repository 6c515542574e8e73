// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/step_graph.hpp"
#include "sim/timeline.hpp"

#include <vector>

namespace mfusim {

/// Everything that one rank spends on one kind of step: all its layers and micro-batches together.
struct OperatorUse {
  Step step;               ///< Name, shape, class, work and provenance of one occurrence.
  std::int64_t count = 0;  ///< Occurrences on the rank.
  Seconds time{};          ///< From start to end, summed; longer than alone where something ran beside it.
  Seconds alone{};         ///< The same without what shares the rank.

  /// FLOPs a byte of memory traffic: the abscissa of a roofline. 0 for work without matrix FLOPs.
  [[nodiscard]] double intensity() const;
  [[nodiscard]] FlopsPerSecond flop_rate() const;  ///< Achieved: all FLOPs / time.
  [[nodiscard]] BytesPerSecond byte_rate() const;  ///< Achieved: all bytes / time.
};

/// What a rank does, the longest first (ties in the order of the step's table). Rows of the table with equal name and shape are
/// one. Steps that take no time are left out; steps that all ranks do together count on each of them.
[[nodiscard]] std::vector<OperatorUse> profile_operators(const BuiltStep& step, const Timeline& timeline, int rank);

/// Is it work of the GPU's SMs, so that the roofline applies to it?
[[nodiscard]] bool is_kernel(const Step& step);

/// Rate that a machine allows at an arithmetic intensity: min(peak, intensity x bandwidth).
/// Source: Williams, Waterman, Patterson 2009, "Roofline", Communications of the ACM 52(4).
[[nodiscard]] FlopsPerSecond roofline(double intensity, FlopsPerSecond peak, BytesPerSecond bandwidth);

}  // namespace mfusim
