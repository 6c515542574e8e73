// SPDX-License-Identifier: Apache-2.0
#include "sim/earliest_tree.hpp"

#include "tests/catch.hpp"

#include <algorithm>
#include <random>

using namespace mfusim;

TEST_CASE("the tree names a place with the earliest time, and the earliest of all others", "[property]") {
  const auto places = GENERATE(1U, 2U, 3U, 8U, 21U);
  CAPTURE(places);
  std::mt19937 random(places);
  EarliestTree tree(places);
  std::vector<std::int64_t> times(places, EarliestTree::kNever);
  CHECK(tree.earliest() == EarliestTree::kNever);
  for (int step = 0; step < 300; ++step) {
    const std::size_t place = random() % places;
    const auto time = static_cast<std::int64_t>(random() % 12);
    times[place] = time == 0 ? EarliestTree::kNever : time;  // few different ones, so that many are equal
    tree.set(place, times[place]);
    CAPTURE(step);
    CHECK(tree.earliest() == *std::min_element(times.begin(), times.end()));
    if (tree.earliest() == EarliestTree::kNever) continue;
    const std::size_t first = tree.first();
    REQUIRE(first < places);
    CHECK(times[first] == tree.earliest());
    std::vector<std::int64_t> others = times;
    others[first] = EarliestTree::kNever;
    CHECK(tree.earliest_elsewhere(first) == *std::min_element(others.begin(), others.end()));
  }
}
