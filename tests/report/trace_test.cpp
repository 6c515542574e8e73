// SPDX-License-Identifier: Apache-2.0
#include "report/trace.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <sstream>

using namespace mfusim;
using namespace mfusim::tests;

TEST_CASE("the trace holds every task once, sorted by start, and slices of a stream do not overlap", "[property]") {
  const Run one =
      run(small_decoder,
          {{"cluster.gpus", "16"}, {"parallel.tensor", "2"}, {"parallel.sequence", "true"}, {"parallel.pipeline", "2"}});
  std::ostringstream text;
  write_trace(text, one.step, one.timeline);
  const auto events = nlohmann::json::parse(text.str())["traceEvents"];
  std::size_t slices = 0;
  double last_start = 0;
  std::map<std::pair<int, int>, double> stream_end;
  for (const auto& event : events) {
    if (event["ph"] != "X") continue;
    ++slices;
    const double start = event["ts"];
    const double end = start + event["dur"].get<double>();
    CHECK(start >= last_start);
    last_start = start;
    double& before = stream_end[{event["pid"].get<int>(), event["tid"].get<int>()}];
    CHECK(start >= before - 1e-6);  // microseconds as doubles: a picosecond is the last digit
    before = end;
    CHECK(event["args"].contains("shape"));
  }
  CHECK(slices == one.step.graph.size());
}

TEST_CASE("a hostile name stays text", "[unit]") {
  Run one = run(small_decoder);
  one.step.steps.front().name = "\"}</script><script>\x01\xff";
  std::ostringstream text;
  write_trace(text, one.step, one.timeline);
  CHECK_NOTHROW(nlohmann::json::parse(text.str()));
}

TEST_CASE("the activation counter of each stage reaches the stage's peak and ends at zero", "[property]") {
  const std::string schedule = GENERATE("gpipe", "1f1b", "interleaved-1f1b", "zb-h1", "zb-h2", "zb-v");
  const std::string recompute = GENERATE("none", "full");
  CAPTURE(schedule, recompute);
  const bool two = schedule == "interleaved-1f1b" || schedule == "zb-v";
  const Run one = run(small_decoder, {{"cluster.gpus", "4"},
                                      {"parallel.pipeline", "4"},
                                      {"parallel.schedule", schedule},
                                      {"parallel.virtual_stages", two ? "2" : "1"},
                                      {"parallel.recompute", recompute}});
  std::ostringstream text;
  write_trace(text, one.step, one.timeline, memory_timeline(one.scenario, one.work, one.step, one.timeline));
  std::map<int, std::vector<double>> counters;
  std::map<int, double> last;
  const auto events = nlohmann::json::parse(text.str())["traceEvents"];
  for (const auto& event : events) {
    if (event["ph"] != "C") continue;
    const int rank = event["pid"];
    CHECK(event["ts"].get<double>() >= last[rank]);
    last[rank] = event["ts"];
    counters[rank].push_back(event["args"]["bytes"]);
  }
  REQUIRE(counters.size() == 4);
  for (const auto& [rank, values] : counters) {
    double peak = 0;
    for (const auto& [name, bytes] : one.result.memory.stages[static_cast<std::size_t>(rank)].parts) {
      if (name == "activations" || name == "loss" || name == "recomputed_layer") peak += bytes.value();
    }
    CHECK_THAT(*std::max_element(values.begin(), values.end()), WithinRel(peak, 1e-9));
    CHECK(values.back() == 0);
  }
}
