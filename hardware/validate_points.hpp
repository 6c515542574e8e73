// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "hardware/kernel.hpp"
#include "hardware/points.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// One measurement against its prediction, both as time.
struct PointRow {
  int line = 0;
  std::string gpu;   ///< Catalog name.
  std::string what;  ///< "gemm 4096 x 4096 x 4096 bf16", ...
  std::string source;
  Seconds predicted{};
  Seconds measured{};
  double error_percent = 0;  ///< 100 (predicted / measured - 1).
  Provenance provenance = Provenance::Assumed;
  bool outside_measured_region = false;
  bool known = false;  ///< The prediction is this very measurement, looked up: no test of anything.
};

/// Absolute errors in percent over the rows of a group that are not `known`.
struct PointsSummary {
  std::string gpu;
  std::string source;  ///< Empty: all sources of the GPU.
  int rows = 0;        ///< Without known_rows.
  int known_rows = 0;
  double median = 0, p90 = 0, worst = 0;
  double bias = 0;                                 ///< Median of the signed error.
  double own_scale_median = 0, own_scale_p90 = 0;  ///< After each source's bias is taken out: the shape dependence alone.
};

struct PointsReport {
  std::vector<PointRow> rows;
  std::vector<LeftOut> left_out;
  std::vector<PointsSummary> by_gpu;
  std::vector<PointsSummary> by_source;
};

/// Predicts every row of a points file (any of the three kinds) with the kernel ceiling and the networks' benchmark
/// efficiency. Rows that cannot be predicted (a GPU, number format, kernel or network that the catalog does not know)
/// are listed with the reason. Throws InputError on a broken file, and where no row can be predicted.
[[nodiscard]] PointsReport validate_points(std::string_view text, const std::string& file);

}  // namespace mfusim
