// SPDX-License-Identifier: Apache-2.0
#include "base/count.hpp"

#include "tests/catch.hpp"

#include <limits>

namespace mfusim {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();

TEST_CASE("a count holds every 64-bit integer exactly", "[unit]") {
  const std::int64_t value = GENERATE(std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, largest, smallest);
  CAPTURE(value);
  CHECK(Count(value).value() == value);
  CHECK(Count(value) + 0 == Count(value));
  CHECK(Count(value) * 1 == Count(value));
  CHECK(Count(value) / 1 == Count(value));
}

TEST_CASE("a count never wraps: sums, differences and products that leave 64 bits throw", "[unit]") {
  CHECK(Count(largest - 1) + 1 == Count(largest));
  CHECK_THROWS_AS(Count(largest) + 1, CountOverflow);
  CHECK_THROWS_AS(Count(smallest) + -1, CountOverflow);
  CHECK_THROWS_AS(Count(smallest) - 1, CountOverflow);
  CHECK_THROWS_AS(Count(0) - smallest, CountOverflow);
  CHECK_THROWS_AS(Count(std::int64_t{1} << 32) * (std::int64_t{1} << 31), CountOverflow);
  CHECK(Count(std::int64_t{1} << 31) * (std::int64_t{1} << 31) == Count(std::int64_t{1} << 62));
}

TEST_CASE("the smallest count divided by -1 has no 64-bit answer and throws", "[unit]") {
  CHECK_THROWS_AS(Count(smallest) / -1, CountOverflow);
  CHECK(Count(smallest + 1) / -1 == Count(largest));
}

TEST_CASE("an overflow names the operation and both numbers", "[unit]") {
  CHECK_THROWS_WITH(Count(largest) + 1, "9223372036854775807 + 1 does not fit in 64 bits");
  CHECK_THROWS_WITH(Count(largest) * 3, ContainsSubstring("9223372036854775807 * 3"));
}

TEST_CASE("assigning operators throw as their binary forms do and then leave the count as it was", "[unit]") {
  Count count = largest;
  CHECK_THROWS_AS(count += 1, CountOverflow);
  CHECK_THROWS_AS(count *= 2, CountOverflow);
  CHECK(count == Count(largest));
}

TEST_CASE("division is exact: a remainder or a zero divisor is a broken promise", "[unit]") {
  CHECK(Count(12) / 4 == Count(3));
  CHECK(Count(-12) / 4 == Count(-3));
  CHECK_THROWS_AS(Count(13) / 4, std::logic_error);
  CHECK_THROWS_AS(Count(1) / 0, std::logic_error);
}

TEST_CASE("multiplying and then dividing by the same number gives the count back", "[property]") {
  const std::int64_t value = GENERATE(take(50, random(-1'000'000'000, 1'000'000'000)));
  const std::int64_t factor = GENERATE(1, -1, 7, 4096, 1'000'000'007);
  CAPTURE(value, factor);
  CHECK(Count(value) * factor / factor == Count(value));
}

}  // namespace
}  // namespace mfusim
