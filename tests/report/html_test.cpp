// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"
#include "report/html/page_json.hpp"
#include "report/html/run_page.hpp"
#include "report/html/write_page.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

using namespace mfusim;
using namespace mfusim::tests;
using nlohmann::json;

namespace {

html::Page page_of(const Run& one) {
  return html::run_page(one.result, one.scenario, one.step, one.timeline);
}

/// The file, or nothing where the program was built without charts.
std::string file_of(const html::Page& page) {
  std::ostringstream out;
  try {
    html::write_page(out, page);
  } catch (const InputError& error) {
    CHECK_THAT(error.what(), ContainsSubstring("libjs-chart.js"));
    return {};
  }
  return out.str();
}

const json& block(const json& page, const std::string& section, std::size_t index) {
  for (const json& one : page["sections"]) {
    if (one["key"] == section) return one["blocks"][index];
  }
  throw std::runtime_error("no section " + section);
}

std::size_t occurrences(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("hostile names stay data: they come back as they were, and no tag can begin in them", "[unit]") {
  const std::string hostile = GENERATE(as<std::string>{}, "</script><script>alert(1)</script>", "<!-- <script>", "\"'&amp;\\",
                                       "line\nnext\ttab", "\u2028", std::string(10'000, '<'));
  Run one = run(small_decoder);
  one.result.model = one.result.scenario = hostile;
  one.result.warnings = {hostile};
  for (std::size_t row = 0; row < one.step.steps.size(); ++row) one.step.steps[row].name = hostile;
  const html::Page page = page_of(one);
  const std::string text = html::page_json(page);
  CHECK(text.find('<') == std::string::npos);
  const json read = json::parse(text);
  CHECK(read["subtitle"][0][1] == hostile);
  CHECK(block(read, "operators", 1)["rows"][0][0] == hostile);
  const std::string file = file_of(page);
  if (!file.empty()) CHECK(occurrences(file, "<script") == 3);
}

TEST_CASE("text between tags holds no tag, and bytes that are no UTF-8 are replaced in data", "[unit]") {
  CHECK(html::escaped("<a b='c' d=\"e\">&") == "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;");
  Run one = run(small_decoder);
  one.result.scenario = "\xff\x01";
  CHECK_NOTHROW(json::parse(html::page_json(page_of(one))));
}

TEST_CASE("the numbers of the page are those of the result", "[unit]") {
  const Run one = run(small_clip);
  const json page = json::parse(html::page_json(page_of(one)));
  const json cards = block(page, "answer", 0)["cards"];
  CHECK(cards[0]["key"] == "iteration_time_s");
  CHECK(cards[0]["value"].get<double>() == one.result.iteration_time.count());
  CHECK(cards[1]["value"].get<double>() == one.result.mfu);
  for (const json& card : cards) CHECK(card["meaning"]["definition"].get<std::string>().size() > 20);
  for (const json& section : page["sections"]) {
    for (const json& part : section["blocks"]) {
      CAPTURE(section["key"], part["kind"]);
      if (part.contains("caption") && part["kind"] != "timeline") CHECK(part["source"].get<std::string>().size() > 10);
    }
  }
  CHECK(block(page, "memory", 0)["mark"]["at"].get<double>() == one.result.memory.capacity.value());
  CHECK(block(page, "evidence", block(page, "evidence", 1).contains("lines") ? 2 : 1)["rows"].size() ==
        one.result.defaults.size());
}

TEST_CASE("slices of the page's timeline follow each other to the step's end, to the nanosecond", "[property]") {
  const Run one = run(small_decoder, {{"cluster.gpus", "4"}, {"parallel.pipeline", "4"}});
  const json page = json::parse(html::page_json(page_of(one)));
  const json& timeline = block(page, "timeline", 0);
  std::int64_t last = 0;
  for (const json& lane : timeline["lanes"]) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < lane["slices"].size(); i += 6) {
      CHECK(lane["slices"][i].get<std::int64_t>() >= 0);
      at += lane["slices"][i].get<std::int64_t>() + lane["slices"][i + 1].get<std::int64_t>();
      CHECK(lane["slices"][i + 2].get<std::size_t>() < timeline["rows"].size());
    }
    last = std::max(last, at);
  }
  CHECK(last == timeline["makespan"].get<std::int64_t>());
}

TEST_CASE("a report names no address that it would have to fetch", "[unit]") {
  const std::string file = file_of(page_of(run(small_clip)));
  for (const char* fetched : {"src=\"", "<link", "@import", "url("}) {
    CAPTURE(fetched);
    CHECK(file.find(fetched) == std::string::npos);
  }
  CHECK(file.size() < 2'000'000);
}
