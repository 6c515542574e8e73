// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"
#include "study/plan_question.hpp"

#include <iosfwd>

namespace mfusim {

/// The values of the axis, and which is the smallest, the largest and the cheapest that is enough.
void write_table(std::ostream& out, const PlanAnswer& answer);
void write_json(std::ostream& out, const PlanAnswer& answer);
[[nodiscard]] Grid plan_grid(const PlanAnswer& answer);

}  // namespace mfusim
