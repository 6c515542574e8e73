// SPDX-License-Identifier: Apache-2.0
#include "tests/base/input.hpp"

namespace mfusim {
namespace {

TEST_CASE("JSON and YAML of the same document are the same tree", "[unit]") {
  const Node json = parse_json(R"({"a": 1, "b": {"c": "450 GB/s", "d": [true, null, -1.5e3]}, "e": {}})", "f.json");
  const Node yaml = parse_yaml("a: 1\nb: {c: \"450 GB/s\", d: [true, null, -1.5e3]}\ne: {}\n", "f.yaml");
  CHECK(to_yaml(json) == to_yaml(yaml));
}

TEST_CASE("strings are quoted, numbers and booleans are not", "[unit]") {
  const Node root = parse_json(R"({"a": "1", "b": 1, "c": true, "d": 1.0})", "f.json");
  CHECK(root.find("a")->quoted);
  CHECK_FALSE(root.find("b")->quoted);
  CHECK_FALSE(root.find("c")->quoted);
  CHECK(root.find("d")->text == "1.0");
}

TEST_CASE("numbers keep every digit", "[unit]") {
  const Node root = parse_json(R"({"a": 9223372036854775807, "b": -9223372036854775808, "c": 1e3,
                                   "d": 123456789012345678901234567890})",
                               "f.json");
  CHECK(root.find("a")->text == "9223372036854775807");
  CHECK(root.find("b")->text == "-9223372036854775808");
  CHECK(root.find("c")->text == "1e3");
  CHECK(root.find("d")->text == "123456789012345678901234567890");
}

TEST_CASE("every key and value has its own line, also a number at the end of a line", "[unit]") {
  const Node root = parse_json("{\n  \"a\": 1\n,\n  \"b\":\n 2.5\n, \"c\": [\n7\n]}\n", "f.json");
  CHECK(root.where.line == 1);
  CHECK(root.members[0].where.line == 2);
  CHECK(root.find("a")->where.line == 2);
  CHECK(root.members[1].where.line == 4);
  CHECK(root.find("b")->where.line == 5);
  CHECK(root.find("c")->where.line == 6);
  CHECK(root.find("c")->items[0].where.line == 7);
}

TEST_CASE("a repeated key names both lines", "[unit]") {
  CHECK(json_message("{\"a\": 1,\n\"b\": 2,\n\"a\": 3}") == "f.json:3: a: repeated key, first given on line 1");
}

TEST_CASE("broken JSON is an input error with its line", "[unit]") {
  const auto [text, place] = GENERATE(table<std::string, std::string>({{"", "f.json:1: broken JSON"},
                                                                       {"  ", "f.json:1: broken JSON"},
                                                                       {"{\"a\": 1,\n \"b\": }", "f.json:2: broken JSON"},
                                                                       {"{\"a\": 1\n", "f.json:1: broken JSON"},
                                                                       {"{\"a\": 010}", "f.json:1: broken JSON"},
                                                                       {"{\"a\": NaN}", "f.json:1: broken JSON"},
                                                                       {"{\"a\": 1e999}", "f.json:1: broken JSON"},
                                                                       {"{\"a\": Infinity}", "f.json:1: broken JSON"},
                                                                       {"{'a': 1}", "f.json:1: broken JSON"},
                                                                       {"{\"a\": 1,}", "f.json:1: broken JSON"},
                                                                       {"{\"a\": 1} x", "f.json:1: broken JSON"},
                                                                       {"{\"a\": 1}{}", "f.json:1: broken JSON"},
                                                                       {"{\"a\": \"\\ud800\"}", "f.json:1: broken JSON"},
                                                                       {"// note\n{}", "f.json:1: broken JSON"},
                                                                       {"{\"\": 1}", "f.json:1: a key must be a plain word"}}));
  CAPTURE(text);
  CHECK_THAT(json_message(text), StartsWith(place));
}

TEST_CASE("a NUL byte does not end the file early", "[unit]") {
  using namespace std::string_literals;
  CHECK(json_message("{\"a\": 1}\0{"s) == "f.json:1: not a text file: it holds a control byte, 0x00");
}

}  // namespace
}  // namespace mfusim
