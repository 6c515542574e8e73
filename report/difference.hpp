// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"
#include "study/difference.hpp"

#include <iosfwd>

namespace mfusim {

/// Two runs side by side: what they ask differently, then a waterfall from the first time to the second.
void write_table(std::ostream& out, const Difference& difference);
/// `first` and `second` (iteration_time_s, mfu, peak_bytes), `settings`, `causes` with seconds of both and their change.
void write_json(std::ostream& out, const Difference& difference);
/// The waterfall.
[[nodiscard]] Grid difference_grid(const Difference& difference);

}  // namespace mfusim
