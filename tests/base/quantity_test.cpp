// SPDX-License-Identifier: Apache-2.0
#include "base/quantity.hpp"

#include "base/input_error.hpp"
#include "tests/catch.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace mfusim {
namespace {

template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept Divisible = requires(A a, B b) {
  a / b;
};

static_assert(Addable<Bytes, Bytes>);
static_assert(!Addable<Bytes, Flops>, "different units do not mix");
static_assert(!Addable<Bytes, double>, "a bare number has no unit");
static_assert(!Addable<Bytes, BytesPerSecond>);
static_assert(!Divisible<Bytes, FlopsPerSecond>);
static_assert(!std::is_convertible_v<double, Bytes> && !std::is_convertible_v<Bytes, double>);

TEST_CASE("work divided by a rate is time, and a rate times that time is the work again", "[property]") {
  const double work = GENERATE(0.0, 1.0, 3e9, 1e18);
  const double rate = GENERATE(1.0, 450e9, 312e12);
  CAPTURE(work, rate);
  const Seconds time = Bytes(work) / BytesPerSecond(rate);
  CHECK_THAT(time.count(), WithinRel(work / rate, 1e-15));
  CHECK_THAT((BytesPerSecond(rate) * time).value(), WithinRel(work, 1e-15));
}

TEST_CASE("quantities of one unit add, scale and compare as their values do", "[unit]") {
  CHECK(Flops(2) + Flops(3) == Flops(5));
  CHECK(Flops(2) - Flops(3) == Flops(-1));
  CHECK(2 * Flops(3) == Flops(3) * 2);
  CHECK(Flops(6) / 2 == Flops(3));
  CHECK(Flops(6) / Flops(2) == 3.0);
  CHECK(Flops(1) < Flops(2));
  Flops sum;
  sum += Flops(3);
  sum -= Flops(1);
  CHECK(sum == Flops(2));
}

TEST_CASE("ticks are the nearest picosecond", "[unit]") {
  CHECK(to_ticks(Seconds(0)) == Picoseconds(0));
  CHECK(to_ticks(Seconds(1)) == Picoseconds(1'000'000'000'000));
  CHECK(to_ticks(Seconds(1.4e-12)) == Picoseconds(1));
  CHECK(to_ticks(Seconds(1.6e-12)) == Picoseconds(2));
  CHECK(to_ticks(Seconds(0.4e-12)) == Picoseconds(0));
  CHECK(to_ticks(std::chrono::hours(24 * 106)) == std::chrono::hours(24 * 106));
}

TEST_CASE("a duration that is none is a broken promise: negative, not a number, infinite", "[unit]") {
  const double seconds =
      GENERATE(-1e-12, -1.0, std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity());
  CAPTURE(seconds);
  CHECK_THROWS_AS(to_ticks(Seconds(seconds)), std::logic_error);
}

TEST_CASE("a duration that the clock cannot hold, over 106 days, comes of what the scenario says", "[unit]") {
  const double seconds = GENERATE(107 * 86400.0, 1e290, 1e300);
  CAPTURE(seconds);
  CHECK_THROWS_AS(to_ticks(Seconds(seconds)), InputError);
}

TEST_CASE("ticks turned to seconds and back are the same ticks up to an hour", "[property]") {
  // a double holds 53 bits: an hour is 3.6e15 ps < 2^53 = 9.0e15
  const auto ticks = Picoseconds(GENERATE(take(100, random(std::int64_t{0}, std::int64_t{3'600'000'000'000'000}))));
  CAPTURE(ticks.count());
  CHECK(to_ticks(to_seconds(ticks)) == ticks);
}

TEST_CASE("a longer time never has fewer ticks", "[property]") {
  const double seconds = GENERATE(take(50, random(0.0, 1e4)));
  const double more = GENERATE(take(3, random(0.0, 1e-11)));
  CAPTURE(seconds, more);
  CHECK(to_ticks(Seconds(seconds + more)) >= to_ticks(Seconds(seconds)));
}

}  // namespace
}  // namespace mfusim
