// SPDX-License-Identifier: Apache-2.0
#include "base/number.hpp"

#include "tests/catch.hpp"

#include <limits>
#include <string>

namespace mfusim {
namespace {

TEST_CASE("integers are decimal digits with an optional minus sign", "[unit]") {
  CHECK(parse_integer("0") == 0);
  CHECK(parse_integer("42") == 42);
  CHECK(parse_integer("-7") == -7);
  CHECK(parse_integer("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_integer("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("what is no plain decimal integer is none", "[unit]") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "-", "+1", "010", "-010", "00", "0x10", "1e3", "1.0", "1_000", "1,000", " 1", "1 ", "--1",
               "12k", "true", "9223372036854775808", "-9223372036854775809", ".inf", "1\n");
  CAPTURE(text);
  CHECK_FALSE(parse_integer(text));
}

TEST_CASE("numbers are finite decimals with an optional exponent", "[unit]") {
  CHECK(parse_number("0") == 0.0);
  CHECK(parse_number("-1.5e3") == -1500.0);
  CHECK(parse_number("2E-2") == 0.02);
  CHECK(parse_number("0.25") == 0.25);
  CHECK(parse_number("1e+2") == 100.0);
}

TEST_CASE("what is no finite decimal number is none", "[unit]") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "-", ".", "e", "1e", "nan", ".nan", ".NaN", "inf", ".inf", "-.inf", "infinity", "0x1p3",
               "1e400", "-1e400", "010", "-01.5", "1.2.3", "1,5", " 1", "1 ", "12k", "1_0", "+1");
  CAPTURE(text);
  CHECK_FALSE(parse_number(text));
}

TEST_CASE("every integer reads back from its own digits, and as a number too", "[property]") {
  const std::int64_t value = GENERATE(take(100, random(std::int64_t{-1'000'000'000'000}, std::int64_t{1'000'000'000'000})));
  CAPTURE(value);
  CHECK(parse_integer(std::to_string(value)) == value);
  CHECK(parse_number(std::to_string(value)) == static_cast<double>(value));
}

}  // namespace
}  // namespace mfusim
