// SPDX-License-Identifier: Apache-2.0
#include "study/accuracy.hpp"

#include "tests/catch.hpp"

#include <cmath>

using namespace mfusim;

namespace {

using Points = std::vector<std::pair<double, double>>;

ValidationRow row(const std::string& family, double predicted, double measured) {
  ValidationRow row;
  row.id = family;
  row.family = family;
  row.split = "calibration";
  row.predicted_time = Seconds(predicted);
  row.measured_time = Seconds(measured);
  return row;
}

}  // namespace

TEST_CASE("errors are signed, in percent of what was measured; MFU in points", "[unit]") {
  ValidationRow one = row("a", 11, 10);
  one.predicted_mfu = 0.45;
  one.measured_mfu = 0.5;
  one.predicted_memory = Bytes(30e9);
  one.measured_memory = Bytes(40e9);
  CHECK_THAT(time_error_percent(one).value(), WithinRel(10.0, 1e-12));
  CHECK_THAT(mfu_error_points(one).value(), WithinRel(-5.0, 1e-12));
  CHECK_THAT(memory_error_percent(one).value(), WithinRel(-25.0, 1e-12));
  CHECK_FALSE(time_error_percent(ValidationRow{}).has_value());
}

TEST_CASE("mean, worst and bias of errors", "[unit]") {
  // |-4| + |1| + |6| = 11, over 3; -4 + 1 + 6 = 3, over 3
  const std::vector<double> errors{-4, 1, 6};
  const std::optional<ErrorSummary> summary = summarize_errors(errors);
  REQUIRE(summary);
  CHECK(summary->rows == 3);
  CHECK_THAT(summary->mean_absolute, WithinRel(11.0 / 3, 1e-12));
  CHECK(summary->worst_absolute == 6);
  CHECK_THAT(summary->bias, WithinRel(1.0, 1e-12));
  CHECK_FALSE(summarize_errors({}).has_value());
}

TEST_CASE("tau is 1 in the same order, -1 in the opposite one, and 1/3 with one of three pairs swapped", "[unit]") {
  CHECK(kendall_tau(Points{{1, 10}, {2, 20}, {3, 30}}) == 1.0);
  CHECK(kendall_tau(Points{{1, 30}, {2, 20}, {3, 10}}) == -1.0);
  // pairs: (1,2) concordant, (1,3) concordant, (2,3) discordant: (2 - 1) / 3
  CHECK_THAT(kendall_tau(Points{{1, 10}, {2, 30}, {3, 20}}).value(), WithinRel(1.0 / 3, 1e-12));
}

TEST_CASE("tau-b takes ties out of the pairs that could agree", "[unit]") {
  // Six pairs of four points. Tied in the first value: (a, b). Concordant: a-c, a-d, b-c, b-d. Discordant: c-d.
  // (4 - 1) / sqrt((6 - 1) (6 - 0))
  const Points points{{1, 10}, {1, 20}, {2, 40}, {3, 30}};
  CHECK_THAT(kendall_tau(points).value(), WithinRel(3 / std::sqrt(30.0), 1e-12));
}

TEST_CASE("tau is empty where no order can be seen", "[unit]") {
  CHECK_FALSE(kendall_tau({}).has_value());
  CHECK_FALSE(kendall_tau(Points{{1, 2}}).has_value());
  CHECK_FALSE(kendall_tau(Points{{1, 2}, {1, 3}}).has_value());
}

TEST_CASE("a split counts each family once, however many rows it has", "[unit]") {
  // family a: 10 % and 30 % too slow, mean 20; family b: 10 % too fast; so mean (20 + 10) / 2, bias (20 - 10) / 2
  const ValidationReport report = summarize_rows({row("a", 11, 10), row("b", 9, 10), row("a", 26, 20)});
  REQUIRE(report.families.size() == 2);
  CHECK(report.families[0].family == "a");
  CHECK(report.families[0].cases == 2);
  CHECK(report.families[0].tau == 1.0);
  CHECK_THAT(report.families[0].time_percent->mean_absolute, WithinRel(20.0, 1e-12));
  REQUIRE(report.splits.size() == 1);
  CHECK(report.splits[0].families == 2);
  CHECK_THAT(report.splits[0].mean_absolute_percent, WithinRel(15.0, 1e-12));
  CHECK_THAT(report.splits[0].bias_percent, WithinRel(5.0, 1e-12));
  CHECK(report.splits[0].worst_family == "a");
}

TEST_CASE("splits stay apart even inside a family", "[unit]") {
  ValidationRow held_out = row("a", 12, 10);
  held_out.split = "test";
  const ValidationReport report = summarize_rows({row("a", 11, 10), held_out});
  REQUIRE(report.splits.size() == 2);
  CHECK_THAT(report.splits[0].mean_absolute_percent, WithinRel(10.0, 1e-12));
  CHECK_THAT(report.splits[1].mean_absolute_percent, WithinRel(20.0, 1e-12));
}

TEST_CASE("a row that failed is counted, and in no mean", "[unit]") {
  ValidationRow failed;
  failed.family = "a";
  failed.split = "calibration";
  failed.failure = "why";
  const ValidationReport report = summarize_rows({row("a", 11, 10), failed});
  CHECK(report.families[0].cases == 2);
  CHECK(report.families[0].failed == 1);
  CHECK(report.families[0].time_percent->rows == 1);
  CHECK_THAT(report.families[0].time_percent->mean_absolute, WithinRel(10.0, 1e-12));
}
