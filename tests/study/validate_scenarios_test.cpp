// SPDX-License-Identifier: Apache-2.0
#include "study/validate_scenarios.hpp"

#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/summarize.hpp"
#include "study/published_measurement.hpp"
#include "tests/catch.hpp"
#include "tests/study/temporary_file.hpp"

using namespace mfusim;
using mfusim::tests::base_lines;
using mfusim::tests::TemporaryFolder;

namespace {

std::string two_cases() {
  return std::string(base_lines) +
         "cases:\n"
         "  - {id: one, measured: {iteration_time: 2 s, memory: 40 GB, family: f}}\n"
         "  - {id: two, parallel: {tensor: 2}, measured: {iteration_time: 3 s, mfu: 0.4, family: f}}\n";
}

}  // namespace

TEST_CASE("a case is predicted as its scenario alone is", "[property]") {
  const TemporaryFolder folder;
  const auto cases = find_measured_cases({folder.write("f.yaml", two_cases())});
  const ValidationReport report = validate_cases(cases);
  REQUIRE(report.rows.size() == 2);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    const Scenario scenario = read_case(cases[i]);
    const Work<Count> work = micro_batch_work(scenario);
    const BuiltStep step = build_step(scenario, work);
    const Result result = summarize(scenario, work, step, simulate(step.graph));
    CHECK(report.rows[i].failure.empty());
    CHECK(report.rows[i].id == cases[i].id);
    CHECK(report.rows[i].predicted_time == result.iteration_time);
    CHECK(report.rows[i].predicted_mfu == result.mfu);
  }
  CHECK(report.rows[0].measured_memory->value() == 40e9);
  CHECK(report.rows[1].measured_mfu == 0.4);
  CHECK(report.families.at(0).family == "f");
  CHECK(report.families.at(0).memory_percent->rows == 1);
}

TEST_CASE("the measurement never moves the prediction", "[property]") {
  const TemporaryFolder folder;
  const auto predicted = [&](const std::string& time) {
    const std::string text = std::string(base_lines) + "cases:\n  - {id: one, measured: {iteration_time: " + time + "}}\n";
    return validate_case(find_measured_cases({folder.write("f.yaml", text)}).at(0)).predicted_time;
  };
  CHECK(predicted("1 ms") == predicted("1000 s"));
}

TEST_CASE("a published memory is held against the figure that it counts", "[unit]") {
  const TemporaryFolder folder;
  const auto row = [&](const std::string& measured) {
    const std::string text =
        std::string(base_lines) + "cases:\n  - {id: one, measured: {iteration_time: 1 s, " + measured + "}}\n";
    return validate_case(find_measured_cases({folder.write("f.yaml", text)}).at(0));
  };
  const auto predicted = [&](const std::string& figure) {
    return row("memory: 40 GB, memory_figure: " + figure).predicted_memory.value();
  };
  CHECK(predicted("allocated") < predicted("reserved"));
  CHECK(predicted("reserved") < predicted("device"));
  CHECK(row("memory: 40 GB").predicted_memory == predicted("device"));
  CHECK_THAT(row("memory: 40 GB, memory_figure: tensors").failure,
             ContainsSubstring("expected one of allocated, reserved, device"));
  CHECK_THAT(row("memory_figure: device").failure, ContainsSubstring("memory_figure"));
}

TEST_CASE("a published HFU is held against the predicted one, which counts what recomputation repeats", "[unit]") {
  const TemporaryFolder folder;
  const auto row = [&](const std::string& recompute, const std::string& measured) {
    const std::string text = std::string(base_lines) + "cases:\n  - {id: one, parallel: {recompute: " + recompute +
                             "}, measured: {" + measured + ", source: s}}\n";
    return validate_case(find_measured_cases({folder.write("f.yaml", text)}).at(0));
  };
  const ValidationRow all = row("full", "hfu: 0.5");
  REQUIRE(all.failure.empty());
  CHECK(*all.predicted_hfu > *all.predicted_mfu);
  CHECK_THAT(hfu_error_points(all).value(), WithinRel(100 * (*all.predicted_hfu - 0.5), 1e-12));
  const ValidationRow nothing = row("none", "hfu: 0.5");
  CHECK_THAT(*nothing.predicted_hfu, WithinRel(*nothing.predicted_mfu, 1e-12));
  CHECK_FALSE(row("full", "mfu: 0.5").predicted_hfu);
  CHECK(summarize_rows({all, nothing}).families.at(0).hfu_points->rows == 2);
}

TEST_CASE("a case that fails is a row with the reason, and the others run", "[unit]") {
  const TemporaryFolder folder;
  const auto path =
      folder.write("f.yaml", two_cases() + "  - {id: three, parallel: {zero: 4}, measured: {mfu: 0.4, family: f}}\n");
  const ValidationReport report = validate_cases(find_measured_cases({path}));
  REQUIRE(report.rows.size() == 3);
  CHECK(report.rows[1].failure.empty());
  CHECK_THAT(report.rows[2].failure, StartsWith(path.string() + ":11: cases.three: ") && ContainsSubstring("parallel.zero"));
  CHECK(report.rows[2].family == "f");
  CHECK(report.families.at(0).failed == 1);
}

TEST_CASE("a folder gives its measured scenarios, by name of the file; others are passed over there, not when named", "[unit]") {
  const TemporaryFolder folder;
  (void)folder.write("b.yaml", two_cases());
  (void)folder.write("a.yaml", std::string(base_lines) + "description: measured by itself\n");
  const auto bare = folder.write("c.yaml", "model: ViT-B-32\n");
  (void)folder.write("notes.txt", "no scenario");
  const auto cases = find_measured_cases({folder.path()});
  REQUIRE(cases.size() == 3);
  CHECK(cases[0].id == "a");
  CHECK(cases[1].id == "one");
  CHECK_THROWS_WITH(find_measured_cases({bare}), ContainsSubstring("measured: missing"));
}

TEST_CASE("a folder without measurements, and a file that is not there, are wrong input", "[unit]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(find_measured_cases({folder.path()}), InputError);
  CHECK_THROWS_AS(find_measured_cases({folder.path() / "none.yaml"}), InputError);
}

TEST_CASE("every shipped case can be read, and says source, family and split", "[published]") {
  const auto cases = find_measured_cases({"scenarios/published"});
  CHECK(cases.size() > 100);
  for (const CaseDocument& document : cases) {
    CAPTURE(document.id, document.file);
    const PublishedMeasurement measured = read_published_measurement(document, read_case(document));
    CHECK_FALSE(measured.source.empty());
    CHECK(document.file.stem() == measured.family);
    CHECK(measured.split == "calibration");
  }
}
