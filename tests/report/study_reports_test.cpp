// SPDX-License-Identifier: Apache-2.0
// Ablations and explanations as people and programs read them.
#include "base/document.hpp"
#include "report/ablation.hpp"
#include "report/difference.hpp"
#include "report/explanation.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

using namespace mfusim;

namespace {

template <class Report>
std::string table(const Report& report) {
  std::ostringstream out;
  write_table(out, report);
  return out.str();
}

template <class Report>
nlohmann::json parsed(const Report& report) {
  std::ostringstream out;
  write_json(out, report);
  return nlohmann::json::parse(out.str());
}

AblationRow row(const std::string& name, double mfu) {
  AblationRow one;
  one.name = name;
  one.result.iteration_time = Seconds(2);
  one.result.mfu = mfu;
  one.result.breakdown = {{"compute_matmul", Seconds(1.5)}, {"bubble", Seconds(0.5)}};
  return one;
}

AblationReport two_rows() {
  AblationReport report{
      .scenario = "s.yaml", .rows = {row("bare", 0.4), row("more", 0.5)}, .left_out = {"PP overlap: no pipeline"}};
  report.rows[1].gain_points = 10;
  report.rows[1].share = 1;
  report.rows[1].moved = {{"exposed_tensor_communication", Seconds(1.92), Seconds(0.31)}};
  return report;
}

}  // namespace

TEST_CASE("what a step moved is told in words, with both times", "[unit]") {
  const AblationReport report = two_rows();
  CHECK(moved_words(report.rows[1]) == "exposed tensor communication 1.920 s -> 310.00 ms");
  CHECK(moved_words(report.rows[0]) == "nothing on the critical rank");
  CHECK_THAT(table(report), ContainsSubstring("more: exposed tensor communication 1.920 s -> 310.00 ms"));
  CHECK_THAT(table(report), ContainsSubstring("left out: PP overlap: no pipeline"));
}

TEST_CASE("an ablation shows published columns only where something was published", "[unit]") {
  AblationReport report = two_rows();
  CHECK_THAT(table(report), !ContainsSubstring("published  off by"));
  CHECK_FALSE(parsed(report)["rows"][1].contains("published"));
  report.rows[1].published = PublishedStep{.mfu = 0.52, .iteration_time = {}, .source = "a paper"};
  report.rows[1].error_points = -2;
  CHECK_THAT(table(report), ContainsSubstring("published  off by"));
  const nlohmann::json document = parsed(report);
  CHECK(document["rows"][1]["published"]["mfu"] == 0.52);
  CHECK(document["rows"][1]["published"]["source"] == "a paper");
  CHECK(document["rows"][1]["error_points"] == -2);
  CHECK(document["rows"][1]["moved"][0]["before_s"] == 1.92);
  CHECK(document["rows"][1]["breakdown_s"]["bubble"] == 0.5);
  CHECK(ablation_grid(report).rows.size() == 2);
}

TEST_CASE("a loss is a sentence with its time, its share, and what would take it away at which price", "[unit]") {
  LostTime loss{.name = "exposed_tensor_communication", .time = Seconds(1.5), .share = 0.125, .remedy = {}, .too_large = {}};
  CHECK(loss_sentence(loss) ==
        "Exchanges of the tensor group that nothing hides take 1.500 s, 12.5 % of the step. No single change here takes a "
        "twentieth of it away.");
  loss.remedy = LostTime::Remedy{"NVLink x 2", Seconds(0.75), Seconds(11.4), 5.25, Bytes(1e9)};
  CHECK_THAT(loss_sentence(loss),
             ContainsSubstring("'NVLink x 2' would take 750.00 ms of it away; the step would then be 11.400 s "
                               "(+5.2 % samples a second)."));
  loss.too_large = LostTime::Remedy{"recompute none", Seconds(1), Seconds(11), 9, Bytes(99e9)};
  CHECK_THAT(loss_sentence(loss),
             ContainsSubstring("'recompute none' would take 1.000 s of it away, but needs 99.00 GB of memory"));
}

TEST_CASE("the headline names the best change of settings that fits, not another machine or network", "[unit]") {
  Explanation explanation;
  explanation.levers = {{"matrix peak x 2", LeverKind::Hardware, Seconds(1), 80, true, {}, {}},
                        {"recompute none", LeverKind::Memory, Seconds(1), 40, false, {}, {}},
                        {"sliding_window 4096", LeverKind::Model, Seconds(1), 30, true, {}, {}}};
  CHECK_THAT(explanation_headline(explanation), ContainsSubstring("No single other setting that fits makes it faster"));
  explanation.levers.push_back({"fused_operators on", LeverKind::Technique, Seconds(1), 20, true, {}, {}});
  CHECK_THAT(explanation_headline(explanation), ContainsSubstring("'fused_operators on': +20.0 % samples a second"));
}

TEST_CASE("a difference is a sentence: how much, in what most of all, and other samples where they differ", "[unit]") {
  Difference difference;
  difference.first.iteration_time = Seconds(2);
  difference.first.samples_per_s = 10;
  difference.second = difference.first;
  CHECK(difference_sentence(difference) == "Both steps take 2.000 s.");
  difference.second.iteration_time = Seconds(1);
  difference.second.samples_per_s = 20;
  difference.causes = {{"bubble", Seconds(1.5), Seconds(0.75)}, {"optimizer", Seconds(0.5), Seconds(0.25)}};
  CHECK(difference_sentence(difference) ==
        "The second step takes 1.000 s, 50.0 % less than the first (2.000 s), most of all in bubble (-750.00 ms) and optimizer "
        "(-250.00 ms).");
  difference.second.samples_per_s = 40;
  CHECK_THAT(difference_sentence(difference), ContainsSubstring("It trains 2 times the samples: +300.0 % samples a second."));
}

TEST_CASE("a default that stood in for a missing key is shown, and called so", "[unit]") {
  Difference difference;
  difference.settings = {{"parallel.zero", "", "2"}, {"techniques.sliding_window", "", "1240"}};
  difference.first.defaults = {{"parallel.zero", "0"}};
  const Grid grid = settings_grid(difference);
  CHECK(std::get<std::string>(grid.rows[0][1]) == "0 (default)");
  CHECK(std::get<std::string>(grid.rows[1][1]) == "-");
  CHECK(std::get<std::string>(grid.rows[1][2]) == "1240");
}

TEST_CASE("an explanation tells levers that do nothing, that do not fit and that cannot be had apart", "[unit]") {
  Explanation explanation;
  explanation.levers = {{"recompute none", LeverKind::Memory, Seconds(1), 20, false, {}, {}},
                        {"NVLink x 2", LeverKind::Hardware, Seconds(2), 0.01, true, {}, {}}};
  explanation.impossible = {{"tp_overlap on", "needs sequence parallelism"}};
  CHECK_THAT(table(explanation), ContainsSubstring("+20.0 %") && ContainsSubstring("TOO LARGE") &&
                                     ContainsSubstring("no effect here: NVLink x 2") &&
                                     ContainsSubstring("not possible: tp_overlap on: needs sequence parallelism"));
  const nlohmann::json document = parsed(explanation);
  CHECK(document["levers"].size() == 2);
  CHECK(document["levers"][0]["fits"] == false);
  CHECK(document["impossible"][0]["lever"] == "tp_overlap on");
  CHECK(levers_grid(explanation).rows.size() == 2);
}
