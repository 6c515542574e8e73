// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/input_error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// One line of a table, fields in the order of its header.
struct CsvRow {
  int line = 0;
  std::vector<std::string> fields;
};

/// A comma-separated table with a header line; fields may be quoted ("a, b"; "" is a quote). Blank lines are skipped.
struct CsvTable {
  std::string file;
  std::vector<std::string> columns;
  std::vector<CsvRow> rows;
};

/// Parses a table. `file` stands in messages. Throws InputError with the line on: no header, repeated columns, a row with
/// more or fewer fields than columns, an unclosed quote.
[[nodiscard]] CsvTable parse_csv(std::string_view text, const std::string& file);

/// Reads the fields of one row by column name. Throws InputError with line and column on a missing column or bad value.
class CsvReader {
 public:
  CsvReader(const CsvTable& table, const CsvRow& row) : table_(table), row_(row) {}
  [[nodiscard]] const std::string& word(std::string_view column) const;
  [[nodiscard]] std::int64_t positive_int(std::string_view column) const;
  [[nodiscard]] double positive_number(std::string_view column) const;
  [[noreturn]] void fail(std::string_view column, std::string_view rule) const;
  [[nodiscard]] int line() const { return row_.line; }

 private:
  const CsvTable& table_;
  const CsvRow& row_;
};

[[nodiscard]] bool has_column(const CsvTable& table, std::string_view column);

}  // namespace mfusim
