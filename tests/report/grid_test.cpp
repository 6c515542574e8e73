// SPDX-License-Identifier: Apache-2.0
#include "report/grid.hpp"

#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

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
