// SPDX-License-Identifier: Apache-2.0
// Whole answers of the shipped scenarios: any change of a prediction is seen, as a difference in tests/golden.
#include "base/document.hpp"
#include "report/json.hpp"
#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/summarize.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json answer(const fs::path& path) {
  const mfusim::Scenario scenario = mfusim::load_scenario(path);
  const mfusim::Work<mfusim::Count> work = mfusim::micro_batch_work(scenario);
  const mfusim::BuiltStep step = mfusim::build_step(scenario, work);
  std::ostringstream text;
  mfusim::write_json(text, mfusim::summarize(scenario, work, step, mfusim::simulate(step.graph)));
  json document = json::parse(text.str());
  document.erase("version");
  return document;
}

/// Numbers within 1e-9 of each other, everything else equal; differences come with their path.
void compare(const json& expected, const json& actual, const std::string& path) {
  CAPTURE(path);
  if (expected.is_number() && actual.is_number()) {
    CHECK_THAT(actual.get<double>(), WithinRel(expected.get<double>(), 1e-9) || WithinAbs(expected.get<double>(), 1e-15));
  } else if (expected.is_object() && actual.is_object()) {
    std::set<std::string> keys;
    for (const auto& [key, value] : expected.items()) keys.insert(key);
    for (const auto& [key, value] : actual.items()) keys.insert(key);
    for (const std::string& key : keys) compare(expected.value(key, json()), actual.value(key, json()), path + "." + key);
  } else if (expected.is_array() && actual.is_array() && expected.size() == actual.size()) {
    for (std::size_t i = 0; i < expected.size(); ++i) compare(expected[i], actual[i], path + "[" + std::to_string(i) + "]");
  } else {
    CHECK(actual == expected);
  }
}

}  // namespace

TEST_CASE("the shipped scenarios give the answers in tests/golden; `./go update-golden` rewrites them", "[golden]") {
  for (const fs::directory_entry& entry : fs::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    const fs::path golden = fs::path("tests/golden") / entry.path().filename().replace_extension(".json");
    const json actual = answer(entry.path());
    if (std::getenv("MFUSIM_UPDATE_GOLDEN") != nullptr) {
      std::ofstream(golden) << actual.dump(2) << '\n';
      continue;
    }
    INFO("missing or old? ./go update-golden, then review the difference");
    REQUIRE(fs::exists(golden));
    compare(json::parse(mfusim::read_file(golden)), actual, entry.path().filename().string());
  }
}
