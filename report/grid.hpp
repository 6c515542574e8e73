// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <variant>
#include <vector>

namespace mfusim {

/// An answer with rows and columns, in whichever format: aligned text, CSV, or a JSON array of objects.
using Cell = std::variant<std::monostate, std::string, std::int64_t, double>;

struct GridColumn {
  std::string key;      ///< In JSON and CSV, with its unit: "step_time_s".
  std::string heading;  ///< Above the column of the table.
  int digits = 4;       ///< Significant digits of numbers in the table; JSON and CSV have all.
};

struct Grid {
  std::vector<GridColumn> columns;
  std::vector<std::vector<Cell>> rows;
};

/// Numbers to the right, words to the left; numbers in groups of three digits. Where the stream's style knows its width, cells of
/// words are broken until the table fits; where it cannot fit it is folded: groups of columns below each other, each behind the
/// first column; and where two columns are too wide each row is a block with a line a cell.
void write_table(std::ostream& out, const Grid& grid);
/// RFC 4180: a header row, fields quoted where they must be.
void write_csv(std::ostream& out, const Grid& grid);
/// The same without the header: more rows of a grid that does not fit into memory at once.
void write_csv_rows(std::ostream& out, const Grid& grid);
/// An array of objects; empty cells are left out.
void write_json(std::ostream& out, const Grid& grid);
/// An object a line, for as many rows as there may be (JSON Lines, https://jsonlines.org).
void write_json_lines(std::ostream& out, const Grid& grid);

}  // namespace mfusim
