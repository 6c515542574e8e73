// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/validate_points.hpp"
#include "model/flops_report.hpp"
#include "report/grids.hpp"
#include "sim/result.hpp"

#include <iosfwd>

namespace mfusim {

/// The result as one JSON document; keys carry their unit (docs/design.md lists them). No arithmetic happens here.
void write_json(std::ostream& out, const Result& result);
/// Towers hold their parts down to `detail`.
void write_json(std::ostream& out, const FlopsReport& report, FlopsDetail detail);
/// `rows` with predicted and measured time, `summary` over all of them, `by_gpu` and `by_source`, errors in percent.
void write_json(std::ostream& out, const PointsReport& report);

}  // namespace mfusim
