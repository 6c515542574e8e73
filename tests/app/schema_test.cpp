// SPDX-License-Identifier: Apache-2.0
#include "report/schema.hpp"

#include "base/document.hpp"
#include "sim/scenario.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

namespace {

const char* const scenario = R"(
model: {kind: decoder, layers: 16, hidden_size: 1024, heads: 16, vocabulary: 32000}
cluster: {gpu: a100-sxm4-80gb, gpus: 8}
training: {global_batch: 16, sequence_length: 1024}
)";

nlohmann::json schema() {
  std::ostringstream text;
  mfusim::write_schema(text, {.models = {"m"}, .gpus = {"g"}, .networks = {"n"}, .stacks = {"s"}, .schedules = {"1f1b"}});
  return nlohmann::json::parse(text.str());
}

std::string outcome(const std::string& path) {
  try {
    mfusim::Node root = mfusim::parse_yaml(scenario, "test.yaml");
    mfusim::set_value(root, path, "[]");
    static_cast<void>(mfusim::read_scenario(root, ".", "test.yaml"));
  } catch (const mfusim::InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("every key of the schema is a key that the reader knows", "[unit]") {
  const nlohmann::json root = schema();
  for (const auto& [name, value] : root["properties"].items()) {
    if (name == "extends" || name == "cases" || name == "ablation") continue;  // resolved before; read by a study
    CAPTURE(name);
    CHECK_THAT(outcome(name), !ContainsSubstring("unknown key"));
    if (!value.contains("properties") || name == "towers") continue;
    for (const auto& [key, inner] : value["properties"].items()) {
      CAPTURE(key);
      CHECK_THAT(outcome(name + "." + key), !ContainsSubstring("unknown key"));
    }
  }
}

TEST_CASE("a key that the schema does not have is refused by the reader too", "[unit]") {
  for (const char* path : {"speed", "cluster.speed", "training.speed", "parallel.speed", "techniques.speed", "data.speed"}) {
    CAPTURE(path);
    CHECK_THAT(outcome(path), ContainsSubstring("unknown key"));
  }
}

TEST_CASE("the schema has every key of the shipped scenarios", "[unit]") {
  const nlohmann::json root = schema();
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    for (const mfusim::Node::Member& member : mfusim::load_document(entry.path()).members) {
      CAPTURE(entry.path().string(), member.key);
      REQUIRE(root["properties"].contains(member.key));
      const nlohmann::json& section = root["properties"][member.key];
      if (!section.contains("additionalProperties")) continue;
      for (const mfusim::Node::Member& inner : member.value.members) {
        CAPTURE(inner.key);
        CHECK(section["properties"].contains(inner.key));
      }
    }
  }
}
