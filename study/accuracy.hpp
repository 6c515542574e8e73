// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "sim/run_kind.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// One published run against its prediction. Whatever was not measured, or did not run, is empty.
struct ValidationRow {
  std::string id;
  std::string file;
  std::string family;
  std::string split;
  std::string tier;
  std::string source;
  std::string unstated;  ///< What the source leaves open; may be empty.
  std::string assumed;   ///< What the scenario takes for it; may be empty.
  std::optional<Seconds> predicted_time, measured_time;
  std::optional<double> predicted_mfu, measured_mfu;
  std::optional<double> predicted_hfu, measured_hfu;  ///< Both only where one was measured.
  std::optional<Bytes> predicted_memory, measured_memory;
  RunKind kind;                      ///< Empty words where it did not run.
  std::optional<bool> inside_range;  ///< The measured time lies in the range that is made without the row's own family.
  bool fits = true;                  ///< The predicted memory is at most the GPU's.
  std::string failure;               ///< Why it did not run; empty where it did.
};

/// 100 (predicted / measured - 1); empty where either is.
[[nodiscard]] std::optional<double> time_error_percent(const ValidationRow& row);
[[nodiscard]] std::optional<double> memory_error_percent(const ValidationRow& row);
/// 100 (predicted - measured): points of MFU.
[[nodiscard]] std::optional<double> mfu_error_points(const ValidationRow& row);
/// The same of HFU.
[[nodiscard]] std::optional<double> hfu_error_points(const ValidationRow& row);

/// Errors of some rows in one quantity, in percent or points.
struct ErrorSummary {
  int rows = 0;
  double mean_absolute = 0;
  double worst_absolute = 0;
  double bias = 0;  ///< Mean of the signed errors.
};
/// Empty where there are no errors to summarize.
[[nodiscard]] std::optional<ErrorSummary> summarize_errors(std::span<const double> errors);

/// Kendall's tau-b of pairs: (C - D) / sqrt((P - X) (P - Y)) with C concordant and D discordant of P pairs of points, X tied in
/// the first value, Y in the second. Empty below two points, and where all are tied in one of the values.
/// Source: Kendall 1945, "The treatment of ties in ranking problems", Biometrika 33, 239-251.
[[nodiscard]] std::optional<double> kendall_tau(std::span<const std::pair<double, double>> points);

/// Rows of one family and split.
struct FamilySummary {
  std::string family;
  std::string split;
  int cases = 0;
  int failed = 0;
  int too_large = 0;  ///< Ran, they say, in less memory than is predicted.
  std::optional<ErrorSummary> time_percent;
  std::optional<ErrorSummary> mfu_points;
  std::optional<ErrorSummary> hfu_points;
  std::optional<ErrorSummary> memory_percent;
  std::optional<double> tau;  ///< Of predicted and measured times.
};

/// The families of a split, each counted once however many rows it has.
struct SplitSummary {
  std::string split;
  int families = 0;  ///< With a time.
  int cases = 0;
  int failed = 0;
  double mean_absolute_percent = 0;  ///< Mean over the families of their mean absolute errors of time.
  double worst_family_percent = 0;
  std::string worst_family;
  double bias_percent = 0;           ///< Mean over the families of their biases.
  std::optional<double> tau;         ///< Mean over the families that have one.
  std::optional<double> mfu_points;  ///< Mean over the families with an MFU.
  std::optional<double> memory_percent;
  std::optional<double> range_coverage;  ///< Share of the timed rows that lie in the range made without their own family.
};

struct ValidationReport {
  std::vector<ValidationRow> rows;
  std::vector<FamilySummary> families;  ///< In the order of their first rows.
  std::vector<SplitSummary> splits;
};

/// Families and splits of rows, in the order in which they come.
[[nodiscard]] ValidationReport summarize_rows(std::vector<ValidationRow> rows);

}  // namespace mfusim
