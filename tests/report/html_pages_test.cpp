// SPDX-License-Identifier: Apache-2.0
#include "model/read_model.hpp"
#include "report/html/flops_page.hpp"
#include "report/html/page_json.hpp"
#include "report/html/study_pages.hpp"
#include "report/html/validation_page.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>

using namespace mfusim;
using nlohmann::json;

namespace {

json json_of(const html::Page& page) {
  return json::parse(html::page_json(page));
}

/// The first block with this key.
json block_of(const json& page, const std::string& key) {
  for (const json& section : page["sections"]) {
    for (const json& block : section["blocks"]) {
      if (block.value("key", "") == key) return block;
    }
  }
  throw std::runtime_error("no block " + key);
}

/// Configurations: (1, 9), (2, 5) and (4, 3) are on the front; (3, 6) and (4, 5) are beaten; one did not run.
Grid configurations() {
  Grid grid{{{"plan", "plan"}, {"tensor", "tp"}, {"step_time_s", "time"}, {"peak_bytes", "memory"}}, {}};
  const auto add = [&](const char* plan, std::int64_t tensor, Cell time, Cell memory) {
    grid.rows.push_back({std::string(plan), tensor, std::move(time), std::move(memory)});
  };
  add("d", 8, 3.0, 6.0);
  add("a", 1, 1.0, 9.0);
  add("c", 4, 4.0, 3.0);
  add("b", 2, 2.0, 5.0);
  add("e", 8, 4.0, 5.0);
  add("f", 8, Cell(), Cell());
  return grid;
}

}  // namespace

TEST_CASE("the Pareto front holds every row that no other beats, fastest first", "[unit]") {
  CHECK(html::pareto_front(configurations(), "step_time_s", "peak_bytes") == std::vector<std::size_t>{1, 3, 2});
}

TEST_CASE("a sweep's page has a dot a configuration that ran, the front, the capacity, and every row", "[unit]") {
  html::SweepStudy study;
  study.head.title = "sweep";
  study.table = {
      .key = "sweep_table", .title = "Configurations", .caption = {}, .grid = configurations(), .notes = {}, .source = {}};
  study.label_columns = {"plan", "tensor"};
  study.capacity = Bytes(8);
  const json page = json_of(html::sweep_page(study));
  const json chart = block_of(page, "pareto");
  REQUIRE(chart["series"].size() == 3);
  CHECK(chart["series"][0]["points"].size() == 5);
  CHECK(chart["series"][0]["points"][1]["label"] == "a, tp 1");
  CHECK(chart["series"][1]["points"].size() == 3);
  CHECK(chart["series"][2]["points"][0] == json{{"x", 1.0}, {"y", 8.0}, {"weight", 0.0}, {"label", "capacity of the GPU"}});
  CHECK(block_of(page, "sweep_table")["rows"].size() == 6);
}

TEST_CASE("a split's page has a curve a policy, in the order of the GPUs", "[unit]") {
  html::SplitStudy study;
  study.curve = {.key = "curve",
                 .title = "Splits",
                 .caption = {},
                 .grid = {{{"vision_gpus", "n"}, {"even", "even"}, {"best", "best"}},
                          {{std::int64_t{6}, 2.0, 1.5}, {std::int64_t{2}, 3.0, Cell()}}},
                 .notes = {},
                 .source = {}};
  study.policies = {{"even", "even shares", "predicted"}, {"best", "best split", "best"}};
  const json chart = block_of(json_of(html::split_page(study)), "balance");
  REQUIRE(chart["series"].size() == 2);
  CHECK(chart["series"][0]["points"][0]["x"] == 2.0);
  CHECK(chart["series"][0]["points"].size() == 2);
  CHECK(chart["series"][1]["points"].size() == 1);
}

TEST_CASE("an ablation's page shows predicted and published side by side", "[unit]") {
  html::AblateStudy study;
  study.table = {.key = "rows",
                 .title = "Techniques",
                 .caption = {},
                 .grid = {{{"technique", "technique"}, {"mfu", "MFU"}, {"published", "published"}},
                          {{std::string("baseline"), 0.47, 0.477}, {std::string("overlap"), 0.5, Cell()}}},
                 .notes = {},
                 .source = {}};
  study.label_columns = {"technique"};
  study.axis = {.title = "MFU", .unit = "share"};
  study.predicted_column = "mfu";
  study.published_column = "published";
  const json chart = block_of(json_of(html::ablate_page(study)), "techniques");
  CHECK(chart["categories"] == json{"baseline", "overlap"});
  CHECK(chart["stacked"] == false);
  CHECK(chart["series"][1]["bars"][0] == json{0.0, 0.477});
}

TEST_CASE("a chart of a column that the grid does not have is a mistake in the program", "[unit]") {
  html::GridDots spec;
  spec.x.column = "nothing";
  spec.y.column = "tensor";
  CHECK_THROWS_AS(html::dots_of(configurations(), spec), std::logic_error);
}

TEST_CASE("the operators of a flops page sum to its totals", "[property]") {
  const std::string convention = GENERATE(as<std::string>{}, "all", "mac", "matmul");
  CAPTURE(convention);
  InputShape input;
  input.batch = 4;
  const FlopsReport report = count_flops(load_model("openai/clip-vit-large-patch14-336"), input, convention_of(convention));
  std::int64_t forward = 0;
  std::int64_t parameters = 0;
  for (const html::PlacedOperator& one : html::operators_of(report)) {
    forward += one.part->forward.total().value();
    parameters += one.part->parameters.value();
  }
  CHECK(forward == report.forward.total().value());
  CHECK(parameters == report.parameters.value());
  const json cards = json_of(html::flops_page(report, "test"))["sections"][0]["blocks"][0]["cards"];
  CHECK(cards[1]["value"].get<double>() == report.forward.total().as_double());
  CHECK(cards[1]["unit"] == (convention == "mac" ? "MAC" : "FLOP"));
}

TEST_CASE("a validation's page holds every run, and names those that failed", "[unit]") {
  std::vector<ValidationRow> rows(3);
  rows[0].id = "one";
  rows[0].family = rows[1].family = rows[2].family = "</script>";
  rows[0].split = rows[1].split = rows[2].split = "calibration";
  rows[0].predicted_time = Seconds(9);
  rows[0].measured_time = Seconds(10);
  rows[1].predicted_time = Seconds(12);
  rows[1].measured_time = Seconds(10);
  rows[0].source = "table 2";
  rows[0].unstated = "the schedule";
  rows[0].assumed = "1f1b";
  rows[2].id = "broken";
  rows[2].failure = "no such GPU";
  const json page = json_of(html::validation_page(summarize_rows(rows), "test"));
  CHECK(block_of(page, "runs_table")["rows"].size() == 3);
  CHECK_THAT(block_of(page, "runs_table")["rows"][0][5].get<double>(), WithinRel(-10.0, 1e-12));
  CHECK_THAT(block_of(page, "families_table")["rows"][0][4].get<double>(), WithinRel(15.0, 1e-12));  // of 10 and 20 percent
  CHECK(block_of(page, "runs_table")["rows"][0][9] == "table 2");
  CHECK(block_of(page, "runs_table")["rows"][0][10] == "the schedule");
  CHECK(block_of(page, "runs_table")["rows"][0][11] == "1f1b");
  CHECK(block_of(page, "agreement")["series"][0]["points"].size() == 2);
  CHECK(page["sections"][0]["blocks"][1]["lines"][0] == "broken: no such GPU");
}
