// SPDX-License-Identifier: Apache-2.0
#include "tests/base/input.hpp"

namespace mfusim {
namespace {

TEST_CASE("values keep their text, their quotes and their line", "[unit]") {
  const Node root = parse_yaml("a: 1\n\nb: {c: 450 GB/s, d: \"x\"}\ne:\n  - 1\n  - null\n", "f.yaml");
  REQUIRE(root.kind == Node::Kind::Mapping);
  REQUIRE(root.members.size() == 3);
  CHECK(root.find("a")->text == "1");
  CHECK_FALSE(root.find("a")->quoted);
  CHECK(root.members[1].where.line == 3);
  CHECK(root.find("b")->find("c")->text == "450 GB/s");
  CHECK(root.find("b")->find("d")->quoted);
  REQUIRE(root.find("e")->items.size() == 2);
  CHECK(root.find("e")->items[0].where.line == 5);
  CHECK(root.find("e")->items[1].kind == Node::Kind::Null);
  CHECK(*root.where.file == "f.yaml");
}

TEST_CASE("the empty value of a key has the key's line, not the next one's", "[unit]") {
  const Node root = parse_yaml("first: 1\nempty:\nlast: 2\n", "f.yaml");
  CHECK(root.find("empty")->kind == Node::Kind::Null);
  CHECK(root.members[1].where.line == 2);
}

TEST_CASE("line ends of Windows, a byte-order mark and a missing last line end change nothing", "[unit]") {
  const std::string expected = to_yaml(parse_yaml("a: 1\nb:\n  c: two words\n", "f.yaml"));
  CHECK(to_yaml(parse_yaml("a: 1\r\nb:\r\n  c: two words\r\n", "f.yaml")) == expected);
  CHECK(to_yaml(parse_yaml("\xef\xbb\xbf"
                           "a: 1\nb:\n  c: two words\n",
                           "f.yaml")) == expected);
  CHECK(to_yaml(parse_yaml("a: 1\nb:\n  c: two words", "f.yaml")) == expected);
  CHECK(parse_yaml("a: 1\r\nb: 2\r\n", "f.yaml").members[1].where.line == 2);
}

TEST_CASE("a repeated key names both lines, at any depth", "[unit]") {
  CHECK(yaml_message("a: 1\nb: 2\na: 3\n") == "f.yaml:3: a: repeated key, first given on line 1");
  CHECK(yaml_message("x:\n  a: 1\n  \"a\": 3\n") == "f.yaml:3: a: repeated key, first given on line 2");
  CHECK(yaml_message("{a: 1, a: 1}") == "f.yaml:1: a: repeated key, first given on line 1");
}

TEST_CASE("the same key in two mappings is not repeated", "[unit]") {
  CHECK(yaml_message("x: {a: 1}\ny: {a: 1, b: {a: 1}}\n") == "no error");
}

TEST_CASE("a key is at most 200 bytes long", "[unit]") {
  CHECK(yaml_message(std::string(200, 'k') + ": 1\n") == "no error");
  CHECK_THAT(yaml_message(std::string(201, 'k') + ": 1\n"), StartsWith("f.yaml:1: a key is longer than 200 bytes: kkk"));
}

TEST_CASE("what YAML allows and a scenario does not is refused by name and line", "[unit]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>(
      {{"", "f.yaml: the file is empty"},
       {"\n\n", "f.yaml: the file is empty"},
       {"# only a comment\n", "f.yaml: the file is empty"},
       {"a: 1\nb: &x 2\n", "f.yaml:2: anchors and aliases (& and *) are not supported"},
       {"a: &x {b: 1}\n", "f.yaml:1: anchors and aliases (& and *) are not supported"},
       {"a: 1\n\nb: !!int 2\n", "f.yaml:3: tags are not supported, got tag:yaml.org,2002:int"},
       {"a: !<x> 1\n", "f.yaml:1: tags are not supported, got x"},
       {"a: 1\nb: \"\\_\"\n", "f.yaml:2: the escapes \\_ and \\N are not supported"},
       {"a: !thing [1]\n", "f.yaml:1: tags are not supported, got !thing"},
       {"a: 1\n---\na: 2\n", "f.yaml:2: the document ends before this line, and more follows"},
       {"a: 1\n...\nb: 2\n", "f.yaml:3: the document ends before this line, and more follows"},
       {"a: 1\n? [b, c]\n: 2\n", "f.yaml:2: a key must be a plain word, got a list or a mapping (is a bracket left open?)"},
       {"a: 1\n\"\": 2\n", "f.yaml:2: a key must be a plain word, got the text ''"},
       {"a: 1\n~: 2\n", "f.yaml:2: a key must be a plain word, got nothing"}}));
  CAPTURE(text);
  CHECK(yaml_message(text) == message);
}

TEST_CASE("broken syntax is an input error with its line", "[unit]") {
  const auto [text, place] = GENERATE(table<std::string, std::string>({{"a: 1\nb: [1, 2\n", "f.yaml:"},
                                                                       {"a: 1\nb: }\n", "f.yaml:2"},
                                                                       {"a: 1\n  b: 2\n", "f.yaml:2"},
                                                                       {"a: \"open\n", "f.yaml:"},
                                                                       {"a: 1\nb: *nowhere\n", "f.yaml:2"},
                                                                       {"a: 1\n\tb: 2\n", "f.yaml:2"},
                                                                       {"a: b: c\n", "f.yaml:1"},
                                                                       {"a: @x\n", "f.yaml:1"},
                                                                       {"a: 'x\nb: it\n", "f.yaml:"},
                                                                       {"%YAML 9.9.9\n---\na: 1\n", "f.yaml:1"}}));
  CAPTURE(text);
  CHECK_THAT(yaml_message(text), StartsWith(place));
  CHECK_THAT(yaml_message(text), ContainsSubstring("broken YAML") || ContainsSubstring("not supported"));
}

TEST_CASE("a tab before a key is called a tab", "[unit]") {
  for (const char* text : {"a:\n\tb: 1\n", "a:\r\n  \tb: 1\r\n", "a: 1\n\tb: 2\n"}) {
    CAPTURE(text);
    CHECK(yaml_message(text) == "f.yaml:2: broken YAML: the line is indented by a tab; YAML allows spaces only");
  }
  CHECK(yaml_message("a: [1,\n\t2]\n") == "no error");
}

TEST_CASE("a quote that is never closed does not swallow the rest of the file", "[unit]") {
  CHECK(yaml_message("a: 'x\nb: 1\nc: 2\n") == "f.yaml: broken YAML: a quote is opened and never closed");
  CHECK(yaml_message("a: \"x\nb: 1\n") == "f.yaml: broken YAML: a quote is opened and never closed");
  CHECK(yaml_message("a: it's\nb: 'x'\n") == "no error");
}

TEST_CASE("nothing behind the document is ignored", "[unit]") {
  const std::string text = GENERATE(as<std::string>{}, "{a: 1} b\n", "{a: 1}}\n", "[1] 2\n", "a: 1\n]\n", "{a: 1}\n{b: 2}\n",
                                    "\"x\" y\n", "- 1\nb: 2\n");
  CAPTURE(text);
  CHECK(yaml_message(text) != "no error");
}

TEST_CASE("bytes that are no text are refused with their line", "[unit]") {
  using namespace std::string_literals;
  const std::string nul = "a: 1\nb: 2\0c\n"s;
  CHECK(yaml_message(nul) == "f.yaml:2: not a text file: it holds a control byte, 0x00");
  CHECK(yaml_message("a: 1\n\nb: \x1b\n") == "f.yaml:3: not a text file: it holds a control byte, 0x1b");
  CHECK(yaml_message("\x7f"
                     "ELF") == "f.yaml:1: not a text file: it holds a control byte, 0x7f");
  CHECK(yaml_message("\x89PNG\r\n\x1a\n") == "f.yaml:1: not a text file: it holds a byte that is no UTF-8, 0x89");
}

TEST_CASE("UTF-8 is accepted, broken UTF-8 is not", "[unit]") {
  CHECK(parse_yaml("a: \xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x80\n", "f.yaml").find("a")->text ==
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x80");
  // stray continuation, cut off, overlong '/', a surrogate half, beyond U+10FFFF, a byte that never occurs
  const std::string bytes = GENERATE(as<std::string>{}, "\x80", "\xc3", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                                     "\xf4\x90\x80\x80", "\xff");
  CAPTURE(bytes.size(), static_cast<int>(bytes[0]));
  CHECK_THAT(yaml_message("a: " + bytes + "\n"), ContainsSubstring("f.yaml:1: not a text file"));
  CHECK_THAT(json_message("{\"a\": \"" + bytes + "\"}"), ContainsSubstring("f.json:1: not a text file"));
}

TEST_CASE("nesting is allowed to a depth of 100 and refused beyond, however deep", "[unit]") {
  const auto nested = [](int depth, const std::string& open, const std::string& close) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    text += "x";
    for (int i = 0; i < depth; ++i) text += close;
    return text;
  };
  CHECK(yaml_message(nested(100, "[", "]")) == "no error");
  const int depth = GENERATE(101, 1000, 5000, 200'000);
  CAPTURE(depth);
  CHECK(yaml_message(nested(depth, "[", "]")) == "f.yaml:1: nested deeper than 100 levels");
  CHECK(yaml_message(nested(depth, "{a: ", "}")) == "f.yaml:1: nested deeper than 100 levels");
  CHECK(yaml_message(nested(depth, "- ", "")) == "f.yaml:1: nested deeper than 100 levels");
  CHECK(json_message(nested(depth, "[", "]")) == "f.json:1: nested deeper than 100 levels");
  CHECK(json_message(nested(depth, "{\"a\":", "}")) == "f.json:1: nested deeper than 100 levels");
}

TEST_CASE("a mapping of a hundred thousand keys is read in linear time", "[unit]") {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  CHECK(parse_yaml(text, "f.yaml").members.size() == 100'000);
  CHECK(yaml_message(text + "k7: 1\n") == "f.yaml:100001: k7: repeated key, first given on line 8");
}

}  // namespace
}  // namespace mfusim
