// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "sim/result.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// One step of the way from the time at peak to the time of the step: it leads from `from` to `to` (below `from` for a gain).
struct WaterfallBar {
  std::string key;
  Seconds from{};
  Seconds to{};
  double share = 0;  ///< Of the step time.
  [[nodiscard]] Seconds time() const { return to - from; }
};

/// The parts of the waterfall that are something, but less than `least_share` of the step either way.
[[nodiscard]] std::vector<std::pair<std::string, Seconds>> small_parts(const Result& result, double least_share);

/// The parts of Result::waterfall laid end to end, and the whole step ("step", from zero) after them. Parts too small to see
/// (below `least_share` of the step, either way) are one bar, "smaller_parts", where there are several.
[[nodiscard]] std::vector<WaterfallBar> waterfall_bars(const Result& result, double least_share);

/// The part of the waterfall that costs most, beside the ideal time; null where there is none.
[[nodiscard]] const std::pair<std::string, Seconds>* largest_loss(const Result& result);

}  // namespace mfusim
