// SPDX-License-Identifier: Apache-2.0
#include "study/case_file.hpp"

#include "study/published_measurement.hpp"
#include "tests/catch.hpp"
#include "tests/study/temporary_file.hpp"

using namespace mfusim;
using mfusim::tests::base_lines;
using mfusim::tests::TemporaryFolder;

namespace {

std::string with_cases(const std::string& cases) {
  return std::string(base_lines) + "cases:\n" + cases;
}

}  // namespace

TEST_CASE("a case is the base with the case over it, key by key", "[unit]") {
  const TemporaryFolder folder;
  const auto cases = read_case_file(folder.write("f.yaml", with_cases("  - id: one\n"
                                                                      "    parallel: {tensor: 2}\n"
                                                                      "    measured: {iteration_time: 2 s}\n"
                                                                      "  - id: two\n"
                                                                      "    training: {global_batch: 64}\n"
                                                                      "    measured: {iteration_time: 3 s}\n")));
  REQUIRE(cases.size() == 2);
  const Scenario one = read_case(cases[0]);
  CHECK(one.parallel.tensor == 2);
  CHECK(one.parallel.data == 4);
  CHECK(one.training.global_batch == 32);
  const Scenario two = read_case(cases[1]);
  CHECK(two.parallel.tensor == 1);
  CHECK(two.training.global_batch == 64);
  CHECK(two.training.micro_batch == 2);
  CHECK(read_published_measurement(cases[1], two).source == "made up");
}

TEST_CASE("a mistake in a case names the file, the case and both lines", "[unit]") {
  const TemporaryFolder folder;
  const auto path = folder.write("f.yaml", with_cases("  - id: one\n    parallel: {tensor: 3}\n"));
  const auto cases = read_case_file(path);
  // the case starts on line 9; its tensor stands on line 10
  CHECK_THROWS_WITH(read_case(cases.at(0)),
                    StartsWith(path.string() + ":9: cases.one: ") && ContainsSubstring(path.string() + ":10: parallel.tensor: "));
}

TEST_CASE("settings go over base and case", "[unit]") {
  const TemporaryFolder folder;
  const auto cases = read_case_file(folder.write("f.yaml", with_cases("  - id: one\n    parallel: {tensor: 2}\n")));
  CHECK(read_case(cases.at(0), {{"parallel.tensor", "4"}}).parallel.tensor == 4);
}

TEST_CASE("lists of cases that cannot be told apart or read are refused", "[unit]") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text) { return [&, text] { (void)read_case_file(folder.write("f.yaml", text)); }; };
  CHECK_THROWS_WITH(refused(with_cases("  - id: one\n  - id: one\n"))(),
                    ContainsSubstring(":10: cases.id: 'one' is given twice"));
  CHECK_THROWS_WITH(refused(with_cases("  - parallel: {tensor: 2}\n"))(), ContainsSubstring("cases.id"));
  CHECK_THROWS_WITH(refused(with_cases("  - just words\n"))(), ContainsSubstring(":9: "));
  CHECK_THROWS_WITH(refused(std::string(base_lines) + "cases: []\n")(), ContainsSubstring("cases: expected a list of mappings"));
  CHECK_THROWS_WITH(refused("extends: g.yaml\ncases:\n  - id: one\n")(), ContainsSubstring(":1: extends: "));
}

TEST_CASE("a scenario without a list is its own only case, named by its measurement or its file", "[unit]") {
  const TemporaryFolder folder;
  const auto plain = read_case_file(folder.write("plain.yaml", base_lines));
  REQUIRE(plain.size() == 1);
  CHECK(plain[0].id == "plain");
  CHECK_FALSE(plain[0].is_case);
  const auto named = read_case_file(folder.write("f.yaml", "measured: {id: row7}\n"));
  CHECK(named.at(0).id == "row7");
}

TEST_CASE("a measured block without source, value or unit is refused", "[unit]") {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& measured) {
    const auto cases = read_case_file(folder.write("f.yaml", with_cases("  - id: one\n    measured: " + measured + "\n")));
    return read_published_measurement(cases.at(0), read_case(cases.at(0)));
  };
  CHECK_THROWS_WITH(read("{mfu: 0.5, source: }"), ContainsSubstring("measured.source"));
  CHECK_THROWS_WITH(read("{tier: A}"), ContainsSubstring("measured.iteration_time: missing: a measurement needs a value"));
  CHECK_THROWS_WITH(read("{iteration_time: 14.83}"), ContainsSubstring("measured.iteration_time"));
  CHECK_THROWS_WITH(read("{iteration_time: -2 s}"), ContainsSubstring("measured.iteration_time"));
  CHECK_THROWS_WITH(read("{memory: 58}"), ContainsSubstring("measured.memory"));
  CHECK_THROWS_WITH(read("{mfu: 47.7}"), ContainsSubstring("measured.mfu"));
  CHECK_THROWS_WITH(read("{iteration_time: 2 s, samples_per_s: 16 samples/s}"),
                    ContainsSubstring("second value of the step time"));
  CHECK_THROWS_WITH(read("{iteration_time: 2 s, sauce: x}"), ContainsSubstring("measured.sauce"));
}

TEST_CASE("a rate is a step time: the global batch over samples, or its tokens over tokens", "[unit]") {
  const TemporaryFolder folder;
  const auto time = [&](const std::string& measured) {
    const auto cases = read_case_file(folder.write("f.yaml", with_cases("  - id: one\n    measured: " + measured + "\n")));
    return read_published_measurement(cases.at(0), read_case(cases.at(0))).iteration_time.value().count();
  };
  CHECK_THAT(time("{samples_per_s: 16 samples/s}"), WithinRel(32.0 / 16, 1e-12));
  CHECK_THAT(time("{tokens_per_s: 1024}"), WithinRel(32.0 * 128 / 1024, 1e-12));
}

TEST_CASE("one case by its id is the same scenario as out of the whole list", "[property]") {
  const TemporaryFolder folder;
  const auto path = folder.write("f.yaml", with_cases("  - {id: one, parallel: {tensor: 2}}\n  - {id: two}\n"));
  const Settings settings{{"training.global_batch", "64"}};
  for (const CaseDocument& document : read_case_file(path)) {
    CAPTURE(document.id);
    const Scenario alone = read_scenario(load_case_document(path, document.id, settings));
    const Scenario listed = read_case(document, settings);
    CHECK(alone.name == listed.name);
    CHECK(alone.parallel.tensor == listed.parallel.tensor);
    CHECK(alone.training.global_batch == 64);
  }
}

TEST_CASE("an id that no case has is told with those near it; a single scenario has no cases", "[unit]") {
  const TemporaryFolder folder;
  const auto path = folder.write("f.yaml", with_cases("  - {id: run_g16}\n  - {id: run_g32}\n  - {id: other}\n"));
  CHECK_THROWS_WITH(load_case_document(path, "run_g3"), ContainsSubstring("near it: run_g32, run_g16"));
  CHECK_THROWS_WITH(load_case_document(path, "xyzzyxyzzy"), ContainsSubstring("there are 3, as 'run_g16'"));
  CHECK_THROWS_WITH(load_case_document(folder.write("g.yaml", base_lines), "one"), ContainsSubstring("single scenario"));
}
