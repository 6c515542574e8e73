// SPDX-License-Identifier: Apache-2.0
#include "study/row_codec.hpp"

#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

namespace {

using namespace mfusim;

}  // namespace

TEST_CASE("rows survive the way to another process", "[property]") {
  const SweepSpace space = tests::sweep_space(tests::small_sweep);
  ConfigurationEvaluator evaluator(space);
  const std::vector<RangeRows> sent{
      evaluate_range({0, 40}, evaluator, {}), {{40, 41}, {}}, evaluate_range({41, 72}, evaluator, {})};
  const std::string bytes = encode_rows(sent);
  const std::vector<RangeRows> received = decode_rows(bytes);
  CHECK(encode_rows(received) == bytes);
  REQUIRE(received.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    CHECK(received[i].range == sent[i].range);
    REQUIRE(received[i].rows.size() == sent[i].rows.size());
    for (std::size_t j = 0; j < sent[i].rows.size(); ++j) {
      CHECK(received[i].rows[j].iteration_time == sent[i].rows[j].iteration_time);
      CHECK(received[i].rows[j].reason == sent[i].rows[j].reason);
    }
  }
  CHECK(decode_rows("").empty());
  CHECK_THROWS_AS(decode_rows(std::string_view(bytes).substr(0, bytes.size() - 1)), std::logic_error);
}
