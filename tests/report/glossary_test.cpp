// SPDX-License-Identifier: Apache-2.0
#include "report/glossary.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

void check_defined(const std::string& key) {
  CAPTURE(key);
  const Meaning meaning = meaning_of(key);
  CHECK(meaning.label.find('_') == std::string::npos);
  CHECK(meaning.definition.size() > 20);
  CHECK_FALSE(meaning.source.empty());
}

}  // namespace

TEST_CASE("every part of a step and of the memory is defined and has a source", "[unit]") {
  const std::string text = GENERATE(as<std::string>{}, small_decoder, small_clip);
  const Result result = run(text).result;
  for (const auto& [name, time] : result.breakdown) check_defined(name);
  for (const auto& [name, time] : result.waterfall) check_defined(name);
  for (const auto& [name, bytes] : result.memory.parts) check_defined(name == "optimizer" ? "optimizer_state" : name);
  for (const char* key : {"iteration_time_s", "mfu", "hfu", "samples_per_s", "tokens_per_s", "peak_bytes", "measured_s", "step"})
    check_defined(key);
}

TEST_CASE("a name that the glossary does not know is its own label", "[unit]") {
  CHECK(meaning_of("some_new_part").label == "some new part");
  CHECK(meaning_of("some_new_part").definition.empty());
}
