// SPDX-License-Identifier: Apache-2.0
#include "hardware/csv.hpp"

#include "base/nearest.hpp"
#include "base/number.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {

namespace {

Location at(const std::string& file, int line) {
  return {std::make_shared<const std::string>(file), line};
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> fields;
  fields.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) + 1);
  while (true) {
    const std::size_t end = text.find(',');
    fields.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

/// The fields of one line. Quotes may not span lines: a table of numbers has no use for that.
std::vector<std::string> split_line(std::string_view text, const Location& where) {
  if (text.find('"') == std::string_view::npos) return split_at_commas(text);
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (quoted) throw InputError(where, "", "expected a closing quote before the end of the line");
  return fields;
}

void read_header(CsvTable& table, std::vector<std::string> columns, const Location& where) {
  std::vector<std::string> sorted = columns;
  std::sort(sorted.begin(), sorted.end());
  const auto repeated = std::adjacent_find(sorted.begin(), sorted.end());
  if (repeated != sorted.end()) throw InputError(where, shown(*repeated), "expected each column once");
  table.columns = std::move(columns);
}

void read_row(CsvTable& table, std::vector<std::string> fields, const Location& where) {
  if (fields.size() != table.columns.size()) {
    throw InputError(where, "", fmt::format("expected {} fields as in the header, got {}", table.columns.size(), fields.size()));
  }
  table.rows.push_back({where.line, std::move(fields)});
}

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& file) {
  CsvTable table{.file = file, .columns = {}, .rows = {}};
  const Location start = at(file, 0);
  int line = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++line;
    if (!one.empty() && one.back() == '\r') one.remove_suffix(1);
    if (one.empty()) continue;
    const Location where{start.file, line};
    if (table.columns.empty()) {
      read_header(table, split_line(one, where), where);
    } else {
      read_row(table, split_line(one, where), where);
    }
  }
  if (table.columns.empty()) throw InputError(start, "", "expected a header line with the names of the columns");
  return table;
}

bool has_column(const CsvTable& table, std::string_view column) {
  return std::find(table.columns.begin(), table.columns.end(), column) != table.columns.end();
}

const std::string& CsvReader::word(std::string_view column) const {
  const auto found = std::find(table_.columns.begin(), table_.columns.end(), column);
  if (found == table_.columns.end()) {
    throw InputError(at(table_.file, 1), column, "missing column" + suggestion(column, table_.columns));
  }
  return row_.fields[static_cast<std::size_t>(found - table_.columns.begin())];
}

std::int64_t CsvReader::positive_int(std::string_view column) const {
  const std::optional<std::int64_t> value = parse_integer(word(column));
  if (!value || *value < 1) fail(column, "expected a positive integer");
  return *value;
}

double CsvReader::positive_number(std::string_view column) const {
  const std::optional<double> value = parse_number(word(column));
  if (!value || *value <= 0) fail(column, "expected a positive number");
  return *value;
}

void CsvReader::fail(std::string_view column, std::string_view rule) const {
  const auto found = std::find(table_.columns.begin(), table_.columns.end(), column);
  const auto position = found - table_.columns.begin() + 1;
  throw InputError(at(table_.file, row_.line), fmt::format("column {} ({})", position, column),
                   fmt::format("{}, got '{}'", rule, shown(word(column))));
}

}  // namespace mfusim
