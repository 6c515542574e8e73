// SPDX-License-Identifier: Apache-2.0
#include "report/trace.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <nlohmann/json.hpp>

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
