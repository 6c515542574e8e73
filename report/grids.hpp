// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/catalog_reader.hpp"
#include "hardware/questions.hpp"
#include "hardware/validate_points.hpp"
#include "model/flops_report.hpp"
#include "model/model_table.hpp"
#include "model/parameter_study.hpp"
#include "report/grid.hpp"
#include "sim/result.hpp"

namespace mfusim {

/// Results as rows and columns; no arithmetic beyond sums that the answer names.

/// How far `mfusim flops` goes into the model.
enum class FlopsDetail { Tower, Layer, Operator };
[[nodiscard]] Grid flops_grid(const FlopsReport& report, FlopsDetail detail);

[[nodiscard]] Grid models_grid(const std::vector<ModelRow>& rows);
[[nodiscard]] Grid parameter_study_grid(const ParameterStudy& study);
[[nodiscard]] Grid figures_grid(const std::vector<Figure>& figures);
[[nodiscard]] Grid points_grid(const PointsReport& report);
[[nodiscard]] Grid points_summary_grid(const std::vector<PointsSummary>& summaries);
[[nodiscard]] Grid answer_grid(const HardwareAnswer& answer);
/// A run as name and value, for spreadsheets.
[[nodiscard]] Grid result_grid(const Result& result);

}  // namespace mfusim
