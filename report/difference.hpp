// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"
#include "study/difference.hpp"

#include <iosfwd>
#include <string>

namespace mfusim {

/// "The second step takes 11.3 s, 20.9 % less than the first (14.3 s), most of all in attention (-1.3 s) and ..."
[[nodiscard]] std::string difference_sentence(const Difference& difference);
/// The keys that differ, and their values; a default that stood in for a missing key is called so.
[[nodiscard]] Grid settings_grid(const Difference& difference);

/// The sentence, two runs side by side: what they ask differently, then a waterfall from the first time to the second.
void write_table(std::ostream& out, const Difference& difference);
/// `first` and `second` (iteration_time_s, mfu, peak_bytes), `settings`, `causes` with seconds of both and their change.
void write_json(std::ostream& out, const Difference& difference);
/// The waterfall.
[[nodiscard]] Grid difference_grid(const Difference& difference);

}  // namespace mfusim
