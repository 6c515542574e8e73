// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"
#include "study/split.hpp"
#include "study/workload.hpp"

#include <iosfwd>

namespace mfusim {

/// The sentence, the placements, the sensitivity and the scales for a terminal.
void write_table(std::ostream& out, const SplitReport& report);
void write_json(std::ostream& out, const SplitReport& report);
/// What a changing workload makes of it; JSON is an object of its own.
void write_table(std::ostream& out, const WorkloadReport& report);
void write_json(std::ostream& out, const WorkloadReport& report);
/// The curve: a row for each simulated split.
[[nodiscard]] Grid split_curve_grid(const SplitReport& report);
/// The best of each placement, colocated first.
[[nodiscard]] Grid split_placements_grid(const SplitReport& report);
/// A row for each change of the inputs.
[[nodiscard]] Grid split_sensitivity_grid(const SplitReport& report);
/// A row for each other number of GPUs.
[[nodiscard]] Grid split_scales_grid(const SplitReport& report);

}  // namespace mfusim
