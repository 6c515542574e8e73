// SPDX-License-Identifier: Apache-2.0
#include "report/trace.hpp"

#include "report/trace_counters.hpp"
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
  CHECK(slices == one.step.graph.size() + one.step.graph.joint_streams.size());
}

namespace {

const Settings four_stages{{"cluster.gpus", "8"}, {"parallel.pipeline", "4"}};

nlohmann::json events_of(const Run& one, const std::vector<int>& selected = {}) {
  std::ostringstream text;
  write_trace(text, one.step, one.timeline,
              {.ranks = trace_ranks(one.result, one.scenario, one.step),
               .memory = memory_timeline(one.scenario, one.work, one.step, one.timeline),
               .selected = selected});
  return nlohmann::json::parse(text.str())["traceEvents"];
}

}  // namespace

TEST_CASE("events of all kinds are sorted by time, and no counter is below zero or ends above where it began", "[property]") {
  double last = 0;
  std::map<std::pair<int, std::string>, double> counters;
  for (const auto& event : events_of(run(small_decoder, four_stages))) {
    if (event["ph"] == "M") continue;
    const double time = event["ts"];
    CHECK(time >= last);
    last = time;
    if (event["ph"] != "C") continue;
    const double value = event["args"].begin().value();
    CHECK(value >= 0);
    counters[{event["pid"].get<int>(), event["name"].get<std::string>()}] = value;
  }
  REQUIRE(counters.size() >= 8);  // each rank sends, and has memory
  for (const auto& [which, value] : counters) {
    if (which.second.starts_with("sent")) CHECK_THAT(value, WithinAbs(0.0, 1e-6));
  }
}

TEST_CASE("each send of the pipeline has one arrow, from its own slice to one that starts later on a neighbour", "[property]") {
  const Run one = run(small_decoder, four_stages);
  std::map<int, nlohmann::json> starts;
  std::map<int, nlohmann::json> ends;
  std::size_t sends = 0;
  for (const auto& event : events_of(one)) {
    if (event["ph"] == "s") starts[event["id"]] = event;
    if (event["ph"] == "f") ends[event["id"]] = event;
    if (event["ph"] == "X" && event["cat"] == "pipeline_communication") ++sends;
  }
  CHECK(sends == 2 * 3 * 16 / 2);  // forward and backward over 3 borders; 16 samples on 2 replicas
  CHECK(starts.size() == sends);
  REQUIRE(ends.size() == starts.size());
  for (const auto& [id, start] : starts) {
    const auto& end = ends.at(id);
    CHECK(std::abs(start["pid"].get<int>() - end["pid"].get<int>()) == 1);
    CHECK(end["ts"].get<double>() > start["ts"].get<double>());
  }
}

TEST_CASE("processes and threads have names; those of a varied step say which replicas they are", "[unit]") {
  Settings settings = four_stages;
  settings.emplace_back("variation.slow_ranks", "[{rank: 1, slowdown: 2}]");
  std::map<int, std::string> names;
  std::map<std::pair<int, int>, std::string> threads;
  const auto events = events_of(run(small_decoder, settings));
  for (const auto& event : events) {
    if (event["name"] == "process_name") names[event["pid"]] = event["args"]["name"];
    if (event["name"] == "thread_name") threads[{event["pid"], event["tid"]}] = event["args"]["name"];
  }
  REQUIRE(names.size() == 8);
  CHECK(names[1] == "stage 0, 1 replica, 2x slower");
  CHECK(names[7] == "stage 3, 1 replica");
  for (const auto& event : events) {
    if (event["ph"] == "X") CHECK(threads.count({event["pid"], event["tid"]}) == 1);
  }
}

TEST_CASE("selected ranks are in the trace, others are not", "[unit]") {
  for (const auto& event : events_of(run(small_decoder, four_stages), {1, 2})) {
    const int rank = event["pid"];
    CHECK((rank == 1 || rank == 2));
  }
}

TEST_CASE("a list of ranks holds single ones and ranges; anything else is refused", "[unit]") {
  CHECK(parse_ranks("0", 1) == std::vector<int>{0});
  CHECK(parse_ranks("5,0,3-5", 8) == std::vector<int>{0, 3, 4, 5});
  for (const char* wrong : {"", ",", "1,", "a", "-1", "1-", "3-2", "8", "0-8", "1 2", "0x1", "99999999999"}) {
    CAPTURE(wrong);
    CHECK_THROWS_WITH(parse_ranks(wrong, 8), ContainsSubstring("--trace-ranks"));
  }
}

TEST_CASE("a hostile name stays text", "[unit]") {
  Run one = run(small_decoder);
  one.step.steps[0].name = "\"}</script><script>\x01\xff";
  std::ostringstream text;
  write_trace(text, one.step, one.timeline);
  CHECK_NOTHROW(nlohmann::json::parse(text.str()));
}

TEST_CASE("the memory counter of each stage reaches the stage's peak and ends without activations", "[property]") {
  const std::string schedule = GENERATE("gpipe", "1f1b", "interleaved-1f1b", "zb-h1", "zb-h2", "zb-v", "zb-auto");
  const std::string recompute = GENERATE("none", "full");
  const int context = GENERATE(1, 2);
  if (context > 1 && schedule != "1f1b") return;  // its exchanges do not change the order
  CAPTURE(schedule, recompute, context);
  const bool two = schedule == "interleaved-1f1b" || schedule == "zb-v";
  const Run one = run(small_decoder, {{"cluster.gpus", std::to_string(4 * context)},
                                      {"parallel.context", std::to_string(context)},
                                      {"techniques.flash_attention", context > 1 ? "2" : "false"},
                                      {"parallel.pipeline", "4"},
                                      {"parallel.schedule", schedule},
                                      {"parallel.virtual_stages", two ? "2" : "1"},
                                      {"parallel.recompute", recompute}});
  std::map<int, std::vector<double>> counters;
  for (const auto& event : events_of(one)) {
    if (event["ph"] == "C" && event["name"] == "memory (GB)")
      counters[event["pid"]].push_back(event["args"].begin().value().get<double>());
  }
  REQUIRE(counters.size() == 4);
  for (const auto& [rank, values] : counters) {
    const Result::Stage& stage = one.result.memory.stages[static_cast<std::size_t>(rank)];
    Bytes held;
    for (const auto& [name, bytes] : stage.parts) {
      const bool by_pass = name == "activations" || name == "loss" || name == "recomputed_layer" || name == "gradients_in_flight";
      if (!by_pass) held += bytes;
    }
    CHECK_THAT(*std::max_element(values.begin(), values.end()), WithinRel(stage.peak.value() / 1e9, 1e-5));
    CHECK_THAT(values.back(), WithinRel(held.value() / 1e9, 1e-5));
  }
}
