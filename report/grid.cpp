// SPDX-License-Identifier: Apache-2.0
#include "report/grid.hpp"

#include "report/format.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace mfusim {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

std::string csv_text(const Cell& cell) {
  return std::visit(Overloaded{[](std::monostate) { return std::string(); },
                               [](const std::string& word) {
                                 if (word.find_first_of(",\"\r\n") == std::string::npos) return word;
                                 std::string quoted = "\"";
                                 for (const char c : word) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
                                 return quoted + "\"";
                               },
                               [](std::int64_t number) { return fmt::format("{}", number); },
                               [](double number) { return fmt::format("{}", number); }},
                    cell);
}

nlohmann::ordered_json row_json(const Grid& grid, const std::vector<Cell>& row) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (std::size_t c = 0; c < row.size(); ++c) {
    const std::string& key = grid.columns[c].key;
    std::visit(Overloaded{[](std::monostate) {}, [&](const auto& value) { object[key] = value; }}, row[c]);
  }
  return object;
}

}  // namespace

void write_csv(std::ostream& out, const Grid& grid) {
  for (std::size_t c = 0; c < grid.columns.size(); ++c) out << (c == 0 ? "" : ",") << grid.columns[c].key;
  out << "\r\n";
  write_csv_rows(out, grid);
}

void write_csv_rows(std::ostream& out, const Grid& grid) {
  for (const auto& row : grid.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) out << (c == 0 ? "" : ",") << csv_text(row[c]);
    out << "\r\n";
  }
}

void write_json(std::ostream& out, const Grid& grid) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& row : grid.rows) list.push_back(row_json(grid, row));
  out << list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

void write_json_lines(std::ostream& out, const Grid& grid) {
  for (const auto& row : grid.rows)
    out << row_json(grid, row).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace mfusim
