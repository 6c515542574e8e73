// SPDX-License-Identifier: Apache-2.0
#include "report/grid.hpp"

#include "report/terminal_style.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

using namespace mfusim;

namespace {

const Grid grid{{{"name", "name"}, {"count", "count"}, {"rate_per_s", "rate"}},
                {{std::string("plain"), std::int64_t{12345}, 0.5}, {std::string("with, comma and \"quotes\""), Cell(), 1e-9}}};

template <class Write>
std::string text_of(Write write) {
  std::ostringstream out;
  write(out);
  return out.str();
}

}  // namespace

TEST_CASE("CSV quotes what needs it and keeps every digit", "[unit]") {
  const std::string text = text_of([](std::ostream& out) { write_csv(out, grid); });
  CHECK(text == "name,count,rate_per_s\r\nplain,12345,0.5\r\n\"with, comma and \"\"quotes\"\"\",,1e-09\r\n");
}

TEST_CASE("JSON leaves empty cells out and reads back as the same values", "[unit]") {
  const auto list = nlohmann::json::parse(text_of([](std::ostream& out) { write_json(out, grid); }));
  REQUIRE(list.size() == 2);
  CHECK(list[0]["count"] == 12345);
  CHECK_FALSE(list[1].contains("count"));
  CHECK(list[1]["name"] == "with, comma and \"quotes\"");
}

TEST_CASE("the table aligns words to the left and numbers to the right", "[unit]") {
  std::istringstream lines(text_of([](std::ostream& out) { write_table(out, grid); }));
  std::string heading;
  std::string row;
  std::getline(lines, heading);
  std::getline(lines, row);
  CHECK(row.starts_with("plain"));
  CHECK(heading.find("count") + 5 == row.find("12 345") + 6);
}

namespace {

std::string table_at(const Grid& table, const TerminalStyle& style) {
  return text_of([&](std::ostream& out) {
    set_style(out, style);
    write_table(out, table);
  });
}

std::string letters_of(std::string text) {
  std::erase_if(text, [](char letter) { return letter == ' ' || letter == '\n'; });
  std::sort(text.begin(), text.end());
  return text;
}

const Grid long_words{
    {{"name", "name"}, {"size", "size"}, {"source", "where it comes from"}},
    {{std::string("first"), std::int64_t{1234567}, std::string("a long sentence of many short words, and more of them")},
     {std::string("second/with/a/path/of/many/parts"), std::int64_t{12}, std::string("short")}}};

}  // namespace

TEST_CASE("a table keeps to a width that is known, loses no letter, and stays whole where the width is assumed", "[property]") {
  const int columns = GENERATE(20, 34, 45, 60, 79, 200);
  CAPTURE(columns);
  const std::string text = table_at(long_words, {.columns = columns, .width = TerminalStyle::Width::Known});
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    const bool one_word = line.find(' ', line.find_first_not_of(' ')) == std::string::npos;
    CHECK((columns_of(line) <= static_cast<std::size_t>(columns) || one_word));
    CHECK((line.empty() || line.back() != ' '));
  }
  const std::string whole = table_at(long_words, {.columns = columns});
  CHECK(std::count(whole.begin(), whole.end(), '\n') == 3);
  const bool one_table = text.find("\n\n") == std::string::npos;
  if (one_table) CHECK(letters_of(text) == letters_of(whole));
  for (const char* number : {"1 234 567", "12"}) CHECK_THAT(text, ContainsSubstring(number));
}

TEST_CASE("control characters of a name do not reach the terminal", "[unit]") {
  const Grid hostile{{{"name", "name"}}, {{std::string("a\x1b[2Jb\nc")}}};
  CHECK(table_at(hostile, {}) == "name\na?[2Jb?c\n");
}
