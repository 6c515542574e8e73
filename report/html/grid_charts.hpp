// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/page.hpp"

#include <string>
#include <vector>

namespace mfusim::html {

/// Charts of a grid, declared by the keys of its columns. Rows with an empty or unreadable cell in a column that a chart needs
/// are left out of it. Throws std::logic_error on a key that the grid does not have.

/// A column as an axis.
struct GridAxis {
  std::string column;
  Axis axis;
};

/// A dot a row.
struct GridDots {
  std::string key, title, caption;
  GridAxis x, y;
  std::vector<std::string> labels;     ///< Columns whose cells name the dot.
  std::string name = "rows";           ///< Of the dots where they are one series.
  std::string series;                  ///< Column whose words part the rows into series; empty: one series.
  std::vector<std::size_t> highlight;  ///< Rows that a line joins in this order: a Pareto front. They stay dots too.
  std::string highlight_name = "best";
};
[[nodiscard]] PointChart dots_of(const Grid& grid, const GridDots& spec);

/// A curve a column of values, over a column for x.
struct GridCurve {
  std::string column, name;
  Colour colour;
};
struct GridCurves {
  std::string key, title, caption;
  GridAxis x;
  Axis y;
  std::vector<GridCurve> curves;
};
[[nodiscard]] PointChart curves_of(const Grid& grid, const GridCurves& spec);

/// A group of bars a row, a bar a column of values: from zero, side by side.
struct GridBars {
  std::string key, title, caption;
  Axis axis;
  std::vector<std::string> labels;
  std::vector<GridCurve> values;
};
[[nodiscard]] BarChart bars_of(const Grid& grid, const GridBars& spec);

/// The cells of some columns in one line.
[[nodiscard]] std::string label_of(const Grid& grid, const std::vector<Cell>& row, const std::vector<std::string>& columns);

}  // namespace mfusim::html
