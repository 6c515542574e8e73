// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/grid_charts.hpp"

namespace mfusim::html {

/// What the page of any study begins with. A study's function fills it and its grid; the pages below place the charts.
struct StudyHead {
  std::string title;   ///< What was asked about.
  std::string answer;  ///< One sentence.
  std::vector<std::pair<std::string, std::string>> subtitle;
  Cards cards;
  std::vector<std::string> warnings;
  std::string version;
};

/// Any grid as a page: the answer, charts if there are any, the table.
[[nodiscard]] Page grid_page(const std::string& command, const StudyHead& head, std::vector<Block> charts, Table table);

/// Headings without the unit that ends them ("step s"): a page's cells carry their own.
[[nodiscard]] Grid without_units(Grid grid);

/// A row a configuration. Rows on the Pareto front (no other is faster and smaller) are joined by a line.
struct SweepStudy {
  StudyHead head;
  Table table;  ///< Needs the columns below.
  std::string time_column = "step_time_s";
  std::string memory_column = "peak_bytes";
  std::vector<std::string> label_columns;  ///< What names a configuration: tensor, pipeline, ...
  std::optional<Bytes> capacity;           ///< Of a GPU: a dotted line.
};
[[nodiscard]] Page sweep_page(const SweepStudy& study);
/// Rows for which no other row is below or equal in both columns and below in one; ascending in the first column.
[[nodiscard]] std::vector<std::size_t> pareto_front(const Grid& grid, const std::string& first, const std::string& second);

/// A row a number of GPUs for the vision tower, a column a policy.
struct SplitStudy {
  StudyHead head;
  Table curve;
  std::string gpus_column = "vision_gpus";
  std::vector<GridCurve> policies;  ///< Step time of each, in seconds.
  Table policy_table;               ///< Policies compared; empty without rows.
};
[[nodiscard]] Page split_page(const SplitStudy& study);

/// A row a technique that is added, with the MFU (as a share) or time predicted and published after it.
struct AblateStudy {
  StudyHead head;
  Table table;
  std::vector<std::string> label_columns;
  Axis axis;
  std::string predicted_column;
  std::string published_column;  ///< Empty where nothing is published.
};
[[nodiscard]] Page ablate_page(const AblateStudy& study);

}  // namespace mfusim::html
