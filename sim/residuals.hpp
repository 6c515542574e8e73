// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "sim/run_kind.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// Published runs of one family and kind: how much longer each lasted than its prediction.
struct ResidualGroup {
  std::string family;
  RunKind kind;
  std::vector<double> log_ratios;  ///< ln(measured / predicted) of the step time, a run each.
};

/// How far from a prediction the truth may lie, and what says so.
struct ResidualRange {
  double low = 1, high = 1;  ///< Factors on the predicted time; low <= 1 <= high.
  int runs = 0;
  int families = 0;
  std::string based_on;
};

/// What validation left over (sim/residuals.yaml, written by scenarios/published/write_residuals.py), as ranges of predictions.
///
/// The runs nearest to a kind of run are those that share all of it; where they come from fewer than three families, plan, reach
/// and generation are let go in turn. The range holds the middle 90 % of their residuals and the prediction itself, widened on
/// both sides (in logarithms) by one factor an objective: the smallest with which 90 % of all runs lie inside the range that is
/// made without their own family.
class ResidualTable {
 public:
  /// Throws std::logic_error where a group is empty.
  explicit ResidualTable(std::vector<ResidualGroup> groups);

  [[nodiscard]] ResidualRange range(const RunKind& kind) const;
  /// The same without a family: what it would have been told before it was known.
  [[nodiscard]] ResidualRange range_without(const RunKind& kind, std::string_view family) const;
  /// Share of an objective's runs that lie inside the range made without their family. 0 where there are none.
  [[nodiscard]] double coverage(std::string_view objective) const;
  [[nodiscard]] const std::vector<ResidualGroup>& groups() const { return groups_; }

 private:
  std::vector<ResidualGroup> groups_;
  std::map<std::string, double, std::less<>> widening_;  ///< By objective.
};

/// Reads `groups:` of a residual file.
[[nodiscard]] std::vector<ResidualGroup> read_residuals(Reader reader);

/// The table that comes with the program.
[[nodiscard]] const ResidualTable& shipped_residuals();

}  // namespace mfusim
