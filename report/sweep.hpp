// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"
#include "study/sweep.hpp"

#include <iosfwd>

namespace mfusim {

/// The answer of a sweep for a terminal.
void write_table(std::ostream& out, const SweepAnswer& answer);
/// One JSON document; keys carry their unit (docs/sweep.md lists them).
void write_json(std::ostream& out, const SweepAnswer& answer);
/// What is to be said where the best leaves less than a twentieth of the GPU's memory free: that, and the best that leaves it;
/// empty where the best does.
[[nodiscard]] std::string headroom_sentence(const SweepAnswer& answer);
/// Rows whose values name their twins: "none = selective".
[[nodiscard]] std::vector<RankedRow> with_twins_named(std::vector<RankedRow> rows);
/// The best rows.
[[nodiscard]] Grid sweep_grid(const SweepAnswer& answer);
/// A row for each value of each axis: the best configuration that has it.
[[nodiscard]] Grid sweep_effects_grid(const SweepAnswer& answer);

}  // namespace mfusim
