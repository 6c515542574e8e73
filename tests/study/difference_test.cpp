// SPDX-License-Identifier: Apache-2.0
#include "study/difference.hpp"

#include "base/document.hpp"
#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

#include <algorithm>

namespace {

using namespace mfusim;

Node document_with(const std::string& key, const std::string& value) {
  Node document = parse_yaml(tests::small_scenario, "space.yaml");
  if (!key.empty()) set_value(document, key, value);
  return document;
}

Difference compare(const Node& first, const Node& second) {
  return difference(result_of(read_scenario(first, ".", "a")), first, result_of(read_scenario(second, ".", "b")), second);
}

}  // namespace

TEST_CASE("the causes of a difference sum to it, largest first, and each way round", "[property]") {
  const char* const key = GENERATE("parallel.tensor", "parallel.pipeline", "training.sequence_length", "parallel.recompute");
  const char* const value = key == std::string("parallel.recompute") ? "full" : "2";
  CAPTURE(key);
  const Node base = document_with("", "");
  const Node changed = document_with(key, value);
  const Difference there = compare(base, changed);
  const Difference back = compare(changed, base);
  Seconds sum{};
  for (std::size_t i = 0; i < there.causes.size(); ++i) {
    sum += there.causes[i].change();
    if (i > 0) CHECK(std::abs(there.causes[i].change().count()) <= std::abs(there.causes[i - 1].change().count()));
    CHECK(there.causes[i].change() == -back.causes[i].change());
  }
  CHECK_THAT(sum.count(), WithinAbs((there.second.iteration_time - there.first.iteration_time).count(), 1e-12));
  REQUIRE(there.settings.size() == 1);
  CHECK(there.settings.front().path == key);
  CHECK(there.settings.front().second == value);
}

TEST_CASE("a run does not differ from itself", "[unit]") {
  const Node base = document_with("", "");
  const Difference none = compare(base, base);
  CHECK(none.settings.empty());
  CHECK(std::all_of(none.causes.begin(), none.causes.end(), [](const auto& cause) { return cause.change() == Seconds{}; }));
}
