// SPDX-License-Identifier: Apache-2.0
#include "sim/residuals.hpp"

#include "base/document.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <cmath>
#include <stdexcept>

using namespace mfusim;
using mfusim::tests::run;
using mfusim::tests::scenario_of;
using mfusim::tests::small_clip;
using mfusim::tests::small_decoder;

namespace {

const RunKind near_by{"language", "ampere", "several nodes", "model parallel"};

RunKind with_plan(const std::string& plan) {
  RunKind other = near_by;
  other.plan = plan;
  return other;
}

/// Three families with the same residuals around zero.
std::vector<ResidualGroup> three_families(const RunKind& kind, double spread) {
  std::vector<ResidualGroup> groups;
  for (const char* family : {"a", "b", "c"}) groups.push_back({family, kind, {-spread, 0, spread}});
  return groups;
}

}  // namespace

TEST_CASE("the range is the middle of the nearest residuals, and holds the prediction", "[property]") {
  const double spread = GENERATE(0.01, 0.1, 0.5);
  CAPTURE(spread);
  const ResidualTable table(three_families(near_by, spread));
  const ResidualRange range = table.range(near_by);
  CHECK_THAT(std::log(range.low), WithinAbs(-spread, 1e-9));  // what a family shows the others foretell: no widening
  CHECK_THAT(std::log(range.high), WithinAbs(spread, 1e-9));
  CHECK(range.runs == 9);
  CHECK(range.families == 3);
  CHECK(table.coverage("language") == 1);
}

TEST_CASE("one-sided residuals leave the prediction at the edge of its range", "[unit]") {
  const ResidualTable table({{"a", near_by, {0.1, 0.2}}, {"b", near_by, {0.1, 0.2}}, {"c", near_by, {0.1, 0.2}}});
  CHECK(table.range(near_by).low == 1);
  CHECK(table.range(near_by).high > std::exp(0.19));
}

TEST_CASE("runs that are nearer decide as long as three families are near", "[unit]") {
  std::vector<ResidualGroup> groups = three_families(near_by, 0.02);
  for (const ResidualGroup& far : three_families(with_plan("data parallel"), 0.4)) groups.push_back(far);
  const ResidualTable table(groups);
  CHECK(table.range(near_by).runs == 9);
  CHECK(table.range(with_plan("data parallel")).high > table.range(near_by).high);
  groups.erase(groups.begin());  // two families left: the plan is let go
  CHECK(ResidualTable(groups).range(near_by).runs == 15);
  CHECK_THAT(ResidualTable(groups).range(near_by).based_on, !ContainsSubstring("model parallel"));
}

TEST_CASE("ranges are widened until nine of ten runs lie in what the other families foretell", "[property]") {
  std::vector<ResidualGroup> groups = three_families(near_by, 0.05);
  groups.push_back({"odd", near_by, {0.09, 0.1, 0.11, 0.12}});
  const ResidualTable table(groups);
  CHECK(table.coverage("language") >= 0.9);
  CHECK(table.range_without(near_by, "odd").high >= std::exp(0.11));
  CHECK(table.range_without(near_by, "odd").families == 3);
}

TEST_CASE("the shipped ranges hold nine of ten runs of families that they have not seen", "[published]") {
  const ResidualTable& table = shipped_residuals();
  for (const char* objective : {"language", "contrastive"}) {
    CAPTURE(objective);
    CHECK(table.coverage(objective) >= 0.9);
  }
}

TEST_CASE("a result's range stands on published runs and says on which", "[unit]") {
  for (const char* text : {small_decoder, small_clip}) {
    const Result result = run(text).result;
    CHECK(result.range.low <= result.iteration_time);
    CHECK(result.range.high >= result.iteration_time);
    CHECK(result.range.runs > 0);
    CHECK_THAT(result.range.based_on, ContainsSubstring("published runs"));
  }
}

TEST_CASE("the kind of a run is read off the scenario", "[unit]") {
  CHECK(run_kind_of(scenario_of(small_decoder)) == RunKind{"language", "ampere", "one node", "data parallel"});
  CHECK(run_kind_of(scenario_of(small_decoder,
                                {{"cluster.gpus", "16"}, {"parallel.pipeline", "2"}, {"cluster.gpu", "h800-sxm5-80gb"}})) ==
        RunKind{"language", "hopper", "several nodes", "model parallel"});
  CHECK(run_kind_of(scenario_of(small_clip)).objective == "contrastive");
}

TEST_CASE("without any residual the range is the prediction alone, and says so", "[unit]") {
  const ResidualRange range = ResidualTable({}).range(near_by);
  CHECK(range.low == 1);
  CHECK(range.high == 1);
  CHECK_THAT(range.based_on, ContainsSubstring("no published run"));
}

TEST_CASE("a broken residual file is refused with its line", "[unit]") {
  const auto read = [](const std::string& text) {
    const Node root = parse_yaml(text, "r.yaml");
    return read_residuals(Reader(root, "", nullptr));
  };
  const std::string group = "groups:\n  - {family: a, objective: o, generation: g, reach: r, plan: p, log_ratios: ";
  CHECK(read(group + "[0.5, -0.25]}\n").at(0).log_ratios == std::vector<double>{0.5, -0.25});
  CHECK_THROWS_WITH(read(group + "[]}\n"), ContainsSubstring("r.yaml:2"));
  CHECK_THROWS_WITH(read(group + "[x]}\n"), ContainsSubstring("list of numbers"));
  CHECK_THROWS_AS(ResidualTable({{"a", near_by, {}}}), std::logic_error);
}
