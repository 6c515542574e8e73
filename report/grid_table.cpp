// SPDX-License-Identifier: Apache-2.0
#include "report/format.hpp"
#include "report/grid.hpp"
#include "report/terminal_style.hpp"

#include <algorithm>
#include <ostream>

namespace mfusim {
namespace {

constexpr std::size_t gap = 2;  ///< Blanks between columns.

struct Column {
  std::vector<std::string> texts;  ///< The heading, then a cell a row.
  std::size_t width = 0;
  bool words = false;  ///< Words stand to the left and may be broken; numbers stand to the right and stay whole.
};

std::string text_of(const Cell& cell, int digits) {
  if (const auto* word = std::get_if<std::string>(&cell)) return printable(*word);
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return show_count(*count);
  if (const auto* number = std::get_if<double>(&cell)) return show_number(*number, digits);
  return {};
}

std::size_t widest(const std::vector<std::string>& texts) {
  std::size_t width = 0;
  for (const std::string& text : texts) width = std::max(width, columns_of(text));
  return width;
}

std::vector<Column> laid_out(const Grid& grid) {
  std::vector<Column> columns;
  for (std::size_t c = 0; c < grid.columns.size(); ++c) {
    Column column{.texts = {grid.columns[c].heading}};
    for (const auto& row : grid.rows) {
      column.texts.push_back(text_of(row[c], grid.columns[c].digits));
      column.words = column.words || std::holds_alternative<std::string>(row[c]);
    }
    column.width = widest(column.texts);
    columns.push_back(std::move(column));
  }
  return columns;
}

std::size_t longest_word(const std::string& text) {
  std::size_t longest = 0;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t blank = std::min(text.find(' ', from), text.size());
    longest = std::max(longest, columns_of(std::string_view(text).substr(from, blank - from)));
    from = blank + 1;
  }
  return longest;
}

/// Numbers and the words of a heading stay whole; a column of words keeps room for most words.
std::size_t least_width(const Column& column) {
  constexpr std::size_t most_words = 14;
  const std::size_t heading = longest_word(column.texts.front());
  if (column.words) return std::min(column.width, std::max(heading, most_words));
  return std::max(heading, widest({column.texts.begin() + 1, column.texts.end()}));
}

std::size_t total_width(const std::vector<Column>& columns) {
  std::size_t total = columns.empty() ? 0 : gap * (columns.size() - 1);
  for (const Column& column : columns) total += column.width;
  return total;
}

/// Takes from the column that has most to give until the table fits. False where it cannot.
bool fit(std::vector<Column>& columns, std::size_t room) {
  while (total_width(columns) > room) {
    const auto spare = [](const Column& column) { return column.width - std::min(column.width, least_width(column)); };
    const auto giver =
        std::max_element(columns.begin(), columns.end(), [&](const Column& a, const Column& b) { return spare(a) < spare(b); });
    if (giver == columns.end() || spare(*giver) == 0) return false;
    --giver->width;
  }
  return true;
}

/// A row, over as many lines as its fullest cell needs; no blanks at the end of a line.
void write_row(std::ostream& out, const std::vector<Column>& columns, std::size_t row) {
  std::vector<std::vector<std::string>> cells;
  std::size_t lines = 1;
  for (const Column& column : columns) {
    cells.push_back(broken(column.texts[row], column.width));
    lines = std::max(lines, cells.back().size());
  }
  for (std::size_t i = 0; i < lines; ++i) {
    std::string line;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string text = i < cells[c].size() ? cells[c][i] : std::string();
      const std::string blanks(columns[c].width - std::min(columns[c].width, columns_of(text)), ' ');
      if (c > 0) line.append(gap, ' ');
      line += columns[c].words ? text + blanks : blanks + text;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

/// Columns in groups that fit, each group behind the first column; none where two columns are too many.
std::vector<std::vector<Column>> folded(const std::vector<Column>& columns, std::size_t room) {
  std::vector<std::vector<Column>> groups;
  for (std::size_t c = 1; c < columns.size(); ++c) {
    if (!groups.empty()) {
      std::vector<Column> longer = groups.back();
      longer.push_back(columns[c]);
      std::vector<Column> narrowed = longer;
      if (fit(narrowed, room)) {
        groups.back() = std::move(longer);
        continue;
      }
    }
    groups.push_back({columns.front(), columns[c]});
    std::vector<Column> narrowed = groups.back();
    if (!fit(narrowed, room)) return {};
  }
  for (std::vector<Column>& group : groups) fit(group, room);
  return groups;
}

void write_groups(std::ostream& out, const std::vector<std::vector<Column>>& groups, std::size_t rows) {
  for (const std::vector<Column>& group : groups) {
    if (&group != &groups.front()) out << '\n';
    for (std::size_t row = 0; row <= rows; ++row) write_row(out, group, row);
  }
}

/// Where not even two columns fit: a block a row, a line a cell; values below each other where the headings leave room.
void write_blocks(std::ostream& out, const std::vector<Column>& columns, std::size_t rows, const TerminalStyle& style) {
  std::size_t headings = 0;
  for (const Column& column : columns) headings = std::max(headings, columns_of(column.texts.front()));
  const bool aligned = headings + gap <= static_cast<std::size_t>(style.columns) / 2;
  for (std::size_t row = 1; row <= rows; ++row) {
    if (row > 1) out << '\n';
    for (const Column& column : columns) {
      if (column.texts[row].empty()) continue;
      const std::string& heading = column.texts.front();
      const std::string between = aligned ? std::string(headings + gap - columns_of(heading), ' ') : ": ";
      write_wrapped(out, heading + between + column.texts[row], aligned ? headings + gap : gap, style);
    }
  }
}

}  // namespace

void write_table(std::ostream& out, const Grid& grid) {
  const TerminalStyle style = style_of(out);
  std::vector<Column> columns = laid_out(grid);
  const auto room = static_cast<std::size_t>(style.columns);
  if (style.width == TerminalStyle::Width::Assumed || fit(columns, room)) return write_groups(out, {columns}, grid.rows.size());
  const std::vector<std::vector<Column>> groups = folded(laid_out(grid), room);
  if (groups.empty()) return write_blocks(out, columns, grid.rows.size(), style);
  write_groups(out, groups, grid.rows.size());
}

}  // namespace mfusim
