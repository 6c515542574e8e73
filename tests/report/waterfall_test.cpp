// SPDX-License-Identifier: Apache-2.0
#include "report/waterfall.hpp"

#include "tests/catch.hpp"

#include <algorithm>

using namespace mfusim;

namespace {

/// Parts as they come: a gain, two too small to see, nothing.
Result result_of_parts() {
  Result result;
  result.iteration_time = Seconds(10);
  result.waterfall = {{"ideal_at_peak", Seconds(6)}, {"uneven_stages", Seconds(-1)}, {"kernel_inefficiency", Seconds(4)},
                      {"optimizer", Seconds(0.003)}, {"data_loading", Seconds(0)},   {"host_launch", Seconds(0.002)},
                      {"bubble", Seconds(0.995)}};
  return result;
}

}  // namespace

TEST_CASE("each bar of the waterfall starts where the one before it ended, and the last one is the whole step", "[property]") {
  const double least = GENERATE(0.0, 1e-3, 0.15);
  CAPTURE(least);
  const std::vector<WaterfallBar> bars = waterfall_bars(result_of_parts(), least);
  Seconds at{};
  for (std::size_t i = 0; i + 1 < bars.size(); ++i) {
    CHECK(bars[i].from == at);
    at = bars[i].to;
  }
  CHECK_THAT(at.count(), WithinRel(10.0, 1e-12));
  CHECK(bars.back().key == "step");
  CHECK(bars.back().time() == Seconds(10));
}

TEST_CASE("parts too small to see are one bar", "[unit]") {
  const std::vector<WaterfallBar> bars = waterfall_bars(result_of_parts(), 1e-3);
  const auto small = std::find_if(bars.begin(), bars.end(), [](const auto& bar) { return bar.key == "smaller_parts"; });
  REQUIRE(small != bars.end());
  CHECK_THAT(small->time().count(), WithinAbs(0.005, 1e-12));
  CHECK(bars.size() == 6);
}

TEST_CASE("the largest loss is the largest part beside the ideal time", "[unit]") {
  CHECK(largest_loss(result_of_parts())->first == "kernel_inefficiency");
  CHECK(largest_loss(Result{}) == nullptr);
}
