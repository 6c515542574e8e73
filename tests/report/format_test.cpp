// SPDX-License-Identifier: Apache-2.0
#include "report/format.hpp"

#include "tests/catch.hpp"

using namespace mfusim;

TEST_CASE("times, sizes and counts carry the unit that suits them", "[unit]") {
  CHECK(show_time(Seconds(26.0213)) == "26.021 s");
  CHECK(show_time(Seconds(0.3318)) == "331.80 ms");
  CHECK(show_time(Seconds(-2e-5)) == "-20.00 us");
  CHECK(show_time(Seconds(0)) == "0 s");
  CHECK(show_bytes(Bytes(45.3e9)) == "45.30 GB");
  CHECK(show_flops(Flops(50.402779e12)) == "50.403 TFLOP");
  CHECK(show_percent(0.4771) == "47.7 %");
}

TEST_CASE("counts are grouped by three digits from the right", "[unit]") {
  CHECK(show_count(0) == "0");
  CHECK(show_count(999) == "999");
  CHECK(show_count(1000) == "1 000");
  CHECK(show_count(50'402'779'132'416) == "50 402 779 132 416");
  CHECK(show_count(-1234567) == "-1 234 567");
  CHECK(show_count(-999) == "-999");
}

TEST_CASE("numbers keep their significant digits, in groups, without an exponent where a person would write none", "[unit]") {
  CHECK(show_number(25960.4, 4) == "25 960");
  CHECK(show_number(1.67, 4) == "1.670");
  CHECK(show_number(9.9996, 4) == "10.00");
  CHECK(show_number(0.24349, 3) == "0.243");
  CHECK(show_number(-1234.5, 6) == "-1 234.50");
  CHECK(show_number(0, 4) == "0");
  CHECK(show_number(2.5e-7, 2) == "2.5e-07");
  CHECK(show_number(3e16, 2) == "3e+16");
}
