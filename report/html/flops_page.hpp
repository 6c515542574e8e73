// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/flops_report.hpp"
#include "report/html/page.hpp"

#include <vector>

namespace mfusim::html {

/// The page of `mfusim flops`: totals, towers, layers, every operator.
[[nodiscard]] Page flops_page(const FlopsReport& report, const std::string& version);

/// An operator of the report with the tower and the layer that hold it; its counts are of the whole model.
struct PlacedOperator {
  std::string tower, layer;
  const FlopsPart* part = nullptr;
};
/// The leaves of the report, in its order; points into it.
[[nodiscard]] std::vector<PlacedOperator> operators_of(const FlopsReport& report);

}  // namespace mfusim::html
