// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/questions.hpp"
#include "hardware/validate_points.hpp"
#include "model/flops_report.hpp"
#include "model/parameter_study.hpp"
#include "sim/result.hpp"

#include <iosfwd>

namespace mfusim {

/// The answer for a terminal, in the stream's style: plain characters, aligned, units on every number.
void write_table(std::ostream& out, const Result& result);
void write_table(std::ostream& out, const FlopsReport& report);
void write_table(std::ostream& out, const ParameterStudy& study);
void write_table(std::ostream& out, const PointsReport& report);
void write_table(std::ostream& out, const HardwareAnswer& answer);

}  // namespace mfusim
