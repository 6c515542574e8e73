// SPDX-License-Identifier: Apache-2.0
#include "report/terminal_style.hpp"

#include "report/table.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>
#include <sstream>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

std::string wrapped(const std::string& text, std::size_t indent, int columns) {
  std::ostringstream out;
  write_wrapped(out, text, indent, {.columns = columns});
  return out.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "|") + line;
  return text;
}

std::string without(std::string text, const std::string& letters) {
  std::erase_if(text, [&](char letter) { return letters.find(letter) != std::string::npos; });
  return text;
}

std::string table_of(const Result& result, const TerminalStyle& style) {
  std::ostringstream out;
  set_style(out, style);
  write_table(out, result);
  return out.str();
}

}  // namespace

TEST_CASE("wrapping loses no letter and keeps lines as short as the words allow", "[property]") {
  const std::string text = "  head   one two three fourteen five six seven eight nine ten";
  const int columns = GENERATE(1, 10, 17, 24, 40, 100);
  const std::size_t indent = GENERATE(std::size_t{0}, std::size_t{9});
  CAPTURE(columns, indent);
  const std::string out = wrapped(text, indent, columns);
  CHECK(without(out, " \n") == without(text, " "));
  for (const std::string& line : lines_of(out)) {
    const std::size_t words = line.find_first_not_of(' ');
    const bool one_word =
        line.find(' ', std::max(words, std::min(indent, static_cast<std::size_t>(columns) / 2))) == std::string::npos;
    CHECK((line.size() <= static_cast<std::size_t>(columns) || one_word));
  }
}

TEST_CASE("a stretch of a scale is never empty where there is something, and never longer than the scale", "[property]") {
  const double from = GENERATE(0.0, 0.3, 0.999, 1.0);
  const double to = GENERATE(0.0, 1e-6, 0.5, 1.0, 1.7);
  CAPTURE(from, to);
  const std::string drawn = stretch(from, to, 40, '#');
  CHECK(drawn.size() <= 40);
  const bool something = std::min(from, 1.0) != std::min(to, 1.0);
  CHECK(drawn.empty() == !something);
  CHECK(stretch(from, to, 0, '#').empty());
}

TEST_CASE("less than half a character of a stretch is a thin mark", "[unit]") {
  const std::string thin = stretch(0.5, 0.504, 40, '#');
  CHECK(thin.find('|') == 19);
  CHECK(thin.size() == 20);
  const std::string full = stretch(0.5, 0.525, 40, '#');
  CHECK(full.find('#') == 20);
  CHECK(full.size() == 21);
}

TEST_CASE("a stream keeps its style, and has a plain one before", "[unit]") {
  std::ostringstream out;
  CHECK(style_of(out).colour == TerminalStyle::Colour::None);
  CHECK(style_of(out).width == TerminalStyle::Width::Assumed);
  set_style(out, {.columns = 71, .colour = TerminalStyle::Colour::Ansi, .width = TerminalStyle::Width::Known});
  CHECK(style_of(out).columns == 71);
  CHECK(style_of(out).colour == TerminalStyle::Colour::Ansi);
  CHECK(style_of(out).width == TerminalStyle::Width::Known);
}

TEST_CASE("text is broken between words, inside a word only where it is longer than a line, and never inside a character",
          "[unit]") {
  CHECK(joined(broken("one two three", 7)) == "one two|three");
  CHECK(joined(broken("abcdefgh ij", 5)) == "abcde|fgh|ij");
  CHECK(joined(broken("\u00e4\u00e4\u00e4", 2)) == "\u00e4\u00e4|\u00e4");
  CHECK(joined(broken("", 5)) == "");
}

TEST_CASE("the table keeps to the width where it has room for names and numbers, and has no colour unless asked", "[property]") {
  const int columns = GENERATE(60, 80, 100, 200);
  CAPTURE(columns);
  const Result result = run(small_decoder).result;
  const std::string text = table_of(result, {.columns = columns});
  for (const std::string& line : lines_of(text)) CHECK(line.size() <= static_cast<std::size_t>(columns));
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(table_of(result, {.columns = columns, .colour = TerminalStyle::Colour::Ansi}).find("\x1b[") != std::string::npos);
}

TEST_CASE("colours change nothing but colours", "[property]") {
  const Result result = run(small_decoder).result;
  std::string coloured = table_of(result, {.columns = 300, .colour = TerminalStyle::Colour::Ansi});
  for (std::size_t at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b'))
    coloured.erase(at, coloured.find('m', at) - at + 1);
  CHECK(coloured == table_of(result, {.columns = 300}));
}
