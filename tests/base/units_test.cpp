// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include "tests/catch.hpp"

#include <string>
#include <vector>

namespace mfusim {
namespace {

TEST_CASE("sizes: decimal and binary prefixes, bytes and bits", "[unit]") {
  const auto [text, bytes] = GENERATE(table<std::string, double>({{"0 B", 0},
                                                                  {"512 B", 512},
                                                                  {"80 GB", 80e9},
                                                                  {"80GB", 80e9},
                                                                  {"80  GB", 80e9},
                                                                  {"80 GiB", 80.0 * 1073741824},
                                                                  {"512 MiB", 536870912},
                                                                  {"25 KiB", 25600},
                                                                  {"1 TiB", 1099511627776},
                                                                  {"150 kB", 150e3},
                                                                  {"1.5 TB", 1.5e12},
                                                                  {"2 PB", 2e15},
                                                                  {"8 b", 1},
                                                                  {"8 Kib", 1024},
                                                                  {"1e3 kB", 1e6},
                                                                  {"1e-3 GB", 1e6},
                                                                  {"2E+3 B", 2000}}));
  CAPTURE(text);
  const auto parsed = parse_quantity<Bytes>(text);
  REQUIRE(parsed);
  CHECK_THAT(parsed->value(), WithinRel(bytes, 1e-15));
}

TEST_CASE("link rates: eight bits are a byte", "[unit]") {
  CHECK(parse_quantity<BytesPerSecond>("450 GB/s") == BytesPerSecond(450e9));
  CHECK(parse_quantity<BytesPerSecond>("200 Gb/s") == BytesPerSecond(25e9));
  CHECK_THAT(parse_quantity<BytesPerSecond>("2.039 TB/s")->value(), WithinRel(2.039e12, 1e-15));
  CHECK(parse_quantity<BytesPerSecond>("1 GiB/s") == BytesPerSecond(1073741824));
}

TEST_CASE("rates of work and of samples, and times", "[unit]") {
  CHECK(parse_quantity<FlopsPerSecond>("312 TFLOP/s") == FlopsPerSecond(312e12));
  CHECK(parse_quantity<FlopsPerSecond>("2 PFLOP/s") == FlopsPerSecond(2e15));
  CHECK(parse_quantity<SamplesPerSecond>("20000 samples/s") == SamplesPerSecond(20000));
  CHECK(parse_quantity<SamplesPerSecond>("20 ksamples/s") == SamplesPerSecond(20000));
  CHECK(parse_quantity<Seconds>("14.83 s") == Seconds(14.83));
  CHECK_THAT(parse_quantity<Seconds>("20 us")->count(), WithinRel(20e-6, 1e-15));
  CHECK_THAT(parse_quantity<Seconds>("3 ms")->count(), WithinRel(3e-3, 1e-15));
  CHECK_THAT(parse_quantity<Seconds>("7 ns")->count(), WithinRel(7e-9, 1e-15));
  CHECK(parse_quantity<Seconds>("2 min") == Seconds(120));
  CHECK(parse_quantity<Seconds>("2 h") == Seconds(7200));
  CHECK(parse_quantity<Seconds>("2 days") == Seconds(2 * 86400));
}

TEST_CASE("a quantity without a unit, of another unit, negative, not finite or above 1 EB is none", "[unit]") {
  const std::string text = GENERATE(as<std::string>{}, "", " ", "80", "80.5", "GB", "80 gb", "80 GB/s", "80 XB", "80 GBs", "80 G",
                                    "80 GB GB", "-1 GB", "nan GB", ".inf GB", "1e400 GB", "1e308 TB", "0x10 GB", "010 GB",
                                    "8,0 GB", "1.2.3 GB", "80 GB ", "1e GB", "+5 GB", "80\tGB", "1.1e9 GB");
  CAPTURE(text);
  CHECK_FALSE(parse_quantity<Bytes>(text));
}

TEST_CASE("each kind of quantity refuses the units of the others", "[unit]") {
  CHECK_FALSE(parse_quantity<BytesPerSecond>("450 GB"));
  CHECK_FALSE(parse_quantity<BytesPerSecond>("450 TFLOP/s"));
  CHECK_FALSE(parse_quantity<BytesPerSecond>("450 GBps"));
  CHECK_FALSE(parse_quantity<FlopsPerSecond>("312 TFLOPS"));
  CHECK_FALSE(parse_quantity<FlopsPerSecond>("312 GB/s"));
  CHECK_FALSE(parse_quantity<SamplesPerSecond>("20000 /s"));
  CHECK_FALSE(parse_quantity<Seconds>("14.83"));
  CHECK_FALSE(parse_quantity<Seconds>("14 kg"));
  CHECK_FALSE(parse_quantity<Seconds>("1e308 d"));
}

TEST_CASE("a decimal prefix is a thousand times the one before, a binary prefix 1024 times", "[property]") {
  const double number = GENERATE(1.0, 2.5, 812.0);
  const auto bytes = [&](const std::string& unit) { return parse_quantity<Bytes>(std::to_string(number) + " " + unit)->value(); };
  CAPTURE(number);
  const std::vector<std::string> decimal{"B", "kB", "MB", "GB", "TB", "PB"};
  const std::vector<std::string> binary{"B", "KiB", "MiB", "GiB", "TiB"};
  for (std::size_t i = 1; i < decimal.size(); ++i) CHECK_THAT(bytes(decimal[i]), WithinRel(1000 * bytes(decimal[i - 1]), 1e-12));
  for (std::size_t i = 1; i < binary.size(); ++i) CHECK_THAT(bytes(binary[i]), WithinRel(1024 * bytes(binary[i - 1]), 1e-12));
}

}  // namespace
}  // namespace mfusim
