// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/flops_report.hpp"
#include "sim/result.hpp"

#include <iosfwd>

namespace mfusim {

/// The result as one JSON document; keys carry their unit (docs/design.md lists them). No arithmetic happens here.
void write_json(std::ostream& out, const Result& result);
void write_json(std::ostream& out, const FlopsReport& report);

}  // namespace mfusim
