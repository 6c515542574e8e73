// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"
#include "study/accuracy.hpp"

#include <iosfwd>

namespace mfusim {

/// Families, totals by split, the worst rows, and what did not run.
void write_table(std::ostream& out, const ValidationReport& report);
/// `rows` (`id`, `predicted`, `measured` in seconds, `error_percent`, and what else was measured), `families`, `splits`.
void write_json(std::ostream& out, const ValidationReport& report);
/// A row of the report a row.
[[nodiscard]] Grid validation_grid(const ValidationReport& report);

}  // namespace mfusim
