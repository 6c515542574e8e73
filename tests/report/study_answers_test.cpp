// SPDX-License-Identifier: Apache-2.0
// Pages out of the answers of studies.
#include "report/html/study_answers.hpp"

#include "report/format.hpp"
#include "report/html/page_json.hpp"
#include "report/sweep.hpp"
#include "report/sweep_export.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

using namespace mfusim;
using nlohmann::json;

namespace {

json json_of(const html::Page& page) {
  return json::parse(html::page_json(page));
}

json block_of(const json& page, const std::string& key) {
  for (const json& section : page["sections"]) {
    for (const json& block : section["blocks"]) {
      if (block.value("key", "") == key) return block;
    }
  }
  return {};
}

/// Configuration `index`: the slower, the smaller.
RankedRow ranked_row(std::int64_t index, const std::string& word) {
  RankedRow one;
  one.row.index = index;
  one.row.status = RowStatus::Fits;
  one.row.iteration_time = Picoseconds(1'000'000'000'000 + index);
  one.row.peak = Bytes(80e9 - static_cast<double>(index));
  one.row.capacity = Bytes(85e9);
  one.row.gpus = 8;
  one.row.global_batch = 64;
  one.values = {std::to_string(index), word};
  return one;
}

SweepAnswer answer_of(std::int64_t rows, const std::string& word) {
  SweepAnswer answer;
  answer.scenario = "s.yaml";
  answer.axes = {"parallel.tensor", "parallel.recompute"};
  answer.size = rows;
  answer.counts.fits = rows;
  for (std::int64_t index = 0; index < rows; ++index) answer.best.push_back(ranked_row(index, word));
  return answer;
}

}  // namespace

TEST_CASE("a sweep's page holds each row once, best first, then those of the front", "[unit]") {
  SweepAnswer answer = answer_of(3, "none");
  answer.front = {ranked_row(1, "none"), ranked_row(9, "full")};
  const json page = json_of(html::sweep_page(answer));
  const json table = block_of(page, "sweep_table");
  REQUIRE(table["rows"].size() == 4);
  CHECK(table["rows"][0][0] == 0);
  CHECK(table["rows"][3][0] == 9);
  CHECK(table["rows"][3][1] == 9);  // a number sorts as one
  CHECK(table["rows"][3][2] == "full");
  CHECK_THAT(table["caption"].get<std::string>(),
             ContainsSubstring("The 3 best by step time and the others of the Pareto front"));
  const json chart = block_of(page, "pareto");
  CHECK(chart["series"][0]["points"][0]["label"] == "tensor 0, none");
  CHECK(chart["series"].back()["points"][0]["y"] == 85e9);
}

TEST_CASE("a sweep's page stays below 2 MB whatever the number of rows and the length of their words", "[unit]") {
  const json page = json_of(html::sweep_page(answer_of(10'000, std::string(10'000, 'x'))));
  CHECK(block_of(page, "sweep_table")["rows"].size() == html::most_sweep_rows);
  CHECK_THAT(block_of(page, "sweep_table")["caption"].get<std::string>(), ContainsSubstring("a page holds 2 000 at most"));
  CHECK(page.dump().size() < 1'700'000);  // the chart library and the scripts take the rest
}

TEST_CASE("a sweep's page stays below 2 MB with many long axes too, and says how many rows it holds", "[unit]") {
  const std::size_t axes = GENERATE(15, 60, 1000);
  CAPTURE(axes);
  SweepAnswer answer = answer_of(3000, "none");
  answer.axes.clear();
  for (std::size_t axis = 0; axis < axes; ++axis) answer.axes.push_back("section.a_key_with_a_long_name_" + std::to_string(axis));
  for (RankedRow& one : answer.best) one.values.assign(axes, std::string(100, '<') + std::to_string(one.row.index));
  for (const std::string& axis : answer.axes) {
    for (int value = 0; value < 300; ++value)
      answer.effects.push_back({axis, std::string(500, 'v'), 0, std::nullopt, std::nullopt});
  }
  const html::Page page = html::sweep_page(answer);
  CHECK(html::page_json(page).size() < 1'700'000);
  const json table = block_of(json_of(page), "sweep_table");
  const std::size_t rows = table["rows"].size();
  REQUIRE(rows > 0);
  CHECK(rows < 3000);
  CHECK_THAT(table["caption"].get<std::string>(),
             ContainsSubstring("a page holds " + show_count(static_cast<std::int64_t>(rows)) + " at most"));
}

TEST_CASE("a sweep's page tells what separates the best two, how the best is launched, and what is invalid", "[unit]") {
  SweepAnswer answer = answer_of(2, "none");
  Difference difference;
  difference.settings = {{"parallel.tensor", "0", "1"}};
  difference.causes = {{"bubble", Seconds(1), Seconds(3)}};
  answer.best_two = difference;
  answer.launch = {"torchrun", "--nnodes 2"};
  answer.counts.invalid = 4;
  answer.counts.invalid_by_key["parallel.tensor"] = {4, 7, "parallel.tensor: 3 does not divide model.heads (8)"};
  const json page = json_of(html::sweep_page(answer));
  CHECK(block_of(page, "best_two_settings")["rows"][0][0] == "parallel.tensor");
  CHECK(block_of(page, "best_two_causes")["rows"][0][3] == 2.0);
  CHECK_THAT(page.dump(), ContainsSubstring("--nnodes 2"));
  CHECK(block_of(page, "invalid_table")["rows"][0][2] == 7);
  answer.launch.clear();
  answer.no_launch = "Megatron-LM has no argument for it";
  CHECK_THAT(json_of(html::sweep_page(answer)).dump(),
             ContainsSubstring("There is no such command: Megatron-LM has no argument"));
}

TEST_CASE("a sweep's JSON holds what its table tells", "[unit]") {
  SweepAnswer answer = answer_of(2, "none");
  answer.counts.invalid = 4;
  answer.counts.invalid_by_key["parallel.tensor"] = {4, 7, "parallel.tensor: 3 does not divide model.heads (8)"};
  answer.where = "tensor < 9";
  answer.matching = answer.counts;
  answer.best_two = Difference{};
  answer.best_two->causes = {{"bubble", Seconds(1), Seconds(3)}};
  answer.launch = {"torchrun", "--nnodes 2"};
  std::ostringstream out;
  write_json(out, answer);
  const json document = json::parse(out.str());
  CHECK(document["counts"]["invalid_by_key"]["parallel.tensor"] == 4);
  CHECK(document["counts"]["invalid_examples"]["parallel.tensor"]["configuration"] == 7);
  CHECK(document["matching"]["fits"] == 2);
  CHECK(document["best_two"]["causes"][0]["change_s"] == 2.0);
  CHECK(document["launch"] == json{"torchrun", "--nnodes 2"});
  std::ostringstream text;
  write_table(text, answer);
  for (const char* part : {"by parallel.tensor: 3 does not divide model.heads (8)   as configuration 7", "with tensor < 9: 2 fit",
                           "what separates the best two", "torchrun \\\n    --nnodes 2"}) {
    CHECK_THAT(text.str(), ContainsSubstring(part));
  }
}

TEST_CASE("an export holds a line a row, and leaves empty what a row does not have", "[unit]") {
  SweepSpace space;
  space.axes = {{"parallel.tensor", {}, {}, {"1", "3"}}};
  space.axes.front().values.resize(2);
  SweepRow invalid;
  invalid.index = 1;
  invalid.status = RowStatus::Invalid;
  invalid.reason = "parallel.tensor: 3, no divisor";
  std::ostringstream csv;
  SweepExport rows(csv, ExportFormat::Csv, space);
  rows.add(ranked_row(0, "").row);
  rows.add(invalid);
  CHECK_THAT(csv.str(), ContainsSubstring("configuration,status,reason,parallel.tensor,iteration_time_s,"));
  CHECK_THAT(csv.str(), ContainsSubstring("\r\n0,fits,,1,1,"));
  CHECK_THAT(csv.str(), ContainsSubstring("\r\n1,invalid,\"parallel.tensor: 3, no divisor\",3,,"));
  std::ostringstream lines;
  SweepExport objects(lines, ExportFormat::JsonLines, space);
  objects.add(invalid);
  CHECK(
      json::parse(lines.str()) ==
      json{{"configuration", 1}, {"status", "invalid"}, {"reason", "parallel.tensor: 3, no divisor"}, {"parallel.tensor", "3"}});
}

TEST_CASE("a sweep in which nothing fits has a page that says so", "[unit]") {
  SweepAnswer answer = answer_of(0, "");
  answer.size = 12;
  const json page = json_of(html::sweep_page(answer));
  CHECK(page["answer"] == "None of 12 configurations fits into memory and keeps the rules.");
  CHECK(block_of(page, "pareto").is_null());
}

TEST_CASE("GPUs of different capacity leave no common line in a sweep's chart", "[unit]") {
  SweepAnswer answer = answer_of(2, "none");
  answer.best[1].row.capacity = Bytes(40e9);
  const json chart = block_of(json_of(html::sweep_page(answer)), "pareto");
  for (const json& series : chart["series"]) CHECK(series["name"] != "capacity of the GPU");
}

TEST_CASE("an ablation's page draws published figures only where there are some", "[unit]") {
  AblationReport report{.scenario = "s.yaml", .rows = std::vector<AblationRow>(2), .left_out = {"overlap: no pipeline"}};
  report.rows[0].name = "bare";
  report.rows[1].name = "more";
  report.rows[1].result.mfu = 0.5;
  CHECK(block_of(json_of(html::ablate_page(report)), "techniques")["series"].size() == 1);
  report.rows[1].published = PublishedStep{.mfu = 0.45, .iteration_time = {}, .source = "a paper"};
  const json page = json_of(html::ablate_page(report));
  CHECK(block_of(page, "techniques")["series"].size() == 2);
  CHECK(page["sections"][0]["blocks"].dump().find("left out: overlap: no pipeline") != std::string::npos);
}

TEST_CASE("a split's page has the baseline as a level line, and the workload only where it has phases", "[unit]") {
  SplitReport report;
  report.recommendation = "Split.";
  report.colocated.step_time = Seconds(2);
  report.curve.resize(2);
  report.curve[1].vision_gpus = 5;
  const json page = json_of(html::split_page(report, {}, "test"));
  const json chart = block_of(page, "balance");
  REQUIRE(chart["series"].size() == 2);
  for (const json& point : chart["series"][1]["points"]) CHECK(point["y"] == 2.0);
  CHECK(block_of(page, "workload_table").is_null());
  WorkloadReport workload;
  workload.phases.resize(1);
  workload.policies = {{.policy = "colocated", .total = Seconds(7200), .reallocation = {}, .reallocations = 0}};
  CHECK(block_of(json_of(html::split_page(report, workload, "test")), "workload_table")["rows"][0][1] == 2.0);
}

TEST_CASE("an explanation's page has a bar a change and the losses in sentences", "[unit]") {
  Explanation explanation;
  explanation.losses = {{.name = "bubble", .time = Seconds(1), .share = 0.25, .remedy = {}, .too_large = {}}};
  explanation.levers.resize(1);
  explanation.levers[0].name = "NVLink x 2";
  explanation.levers[0].gain_percent = 3;
  explanation.impossible = {{.lever = "ZeRO", .reason = "one GPU"}};
  const json page = json_of(html::explain_page(explanation));
  CHECK(block_of(page, "levers_chart")["categories"] == json{"NVLink x 2 (technique)"});
  CHECK_THAT(page.dump(), ContainsSubstring("25.0 % of the step"));
  CHECK_THAT(page.dump(), ContainsSubstring("ZeRO: one GPU"));
}

TEST_CASE("a difference's page leads from the first step to the second, bar by bar", "[property]") {
  Difference difference;
  difference.first.iteration_time = Seconds(4);
  difference.second.iteration_time = Seconds(3);
  difference.first.samples_per_s = 3;
  difference.second.samples_per_s = 4;
  difference.causes = {{"bubble", Seconds(2), Seconds(0.5)},
                       {"optimizer", Seconds(0), Seconds(0.499)},
                       {"host_launch", Seconds(0), Seconds(0.001)}};
  difference.settings = {{"parallel.zero", "0", "2"}};
  const json page = json_of(html::diff_page(difference));
  const json chart = block_of(page, "changes");
  const json& bars = chart["series"][0]["bars"];
  REQUIRE(bars.size() == chart["categories"].size());
  CHECK(bars.front() == json({0.0, 4.0}));
  CHECK(bars.back() == json({0.0, 3.0}));
  for (std::size_t i = 1; i + 1 < bars.size(); ++i) CHECK(bars[i][0] == (i == 1 ? bars[0][1] : bars[i - 1][1]));
  CHECK_THAT(bars[bars.size() - 2][1].get<double>(), WithinAbs(3.0, 4e-3));
  CHECK(block_of(page, "settings_table")["rows"].size() == 1);
  CHECK(block_of(page, "causes_table")["rows"].size() == 3);
}
