// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/flops_report.hpp"
#include "sim/result.hpp"

#include <iosfwd>

namespace mfusim {

/// The answer for a terminal: plain characters, aligned, units on every number.
void write_table(std::ostream& out, const Result& result);
void write_table(std::ostream& out, const FlopsReport& report);

}  // namespace mfusim
