// SPDX-License-Identifier: Apache-2.0
#include "base/node.hpp"

#include "base/number.hpp"
#include "tests/base/input.hpp"

#include <random>

namespace mfusim {
namespace {

/// A random tree out of texts that are hard to write: marks of YAML, words of other types, control and foreign characters.
class RandomTree {
 public:
  explicit RandomTree(unsigned seed) : random_(seed) {}

  Node mapping(int depth) {
    Node node;
    node.kind = Node::Kind::Mapping;
    const int members = below(5);
    for (int i = 0; i < members; ++i) node.members.push_back({"k" + std::to_string(i) + hard_text(), {}, value(depth + 1)});
    return node;
  }

 private:
  Node value(int depth) {
    const int kind = below(depth < 4 ? 6 : 4);
    if (kind == 5) return mapping(depth);
    Node node;
    if (kind == 4) {
      node.kind = Node::Kind::Sequence;
      for (int i = below(4); i > 0; --i) node.items.push_back(value(depth + 1));
    } else if (kind > 0) {
      node.kind = Node::Kind::Scalar;
      node.quoted = kind < 3;
      node.text = kind < 3 ? hard_text() : plain_text();
    }
    return node;
  }

  std::string hard_text() {
    static const std::vector<std::string> parts{"a",  "1",   " ",   ", ",   ": ",   "#",   " #",  "\"",   "'",
                                                "\\", "\n",  "\t",  "\r",   "[",    "]",   "{",   "}",    "&",
                                                "*",  "!",   "|",   ">",    "%",    "@",   "`",   "- ",   "? ",
                                                "~",  "---", "...", "null", "true", "0x1", "010", "\x01", "\xe2\x82\xac",
                                                "é",  "<<",  "\x7f"};
    std::string text;
    for (int i = below(5); i > 0; --i) text += parts[static_cast<std::size_t>(below(static_cast<int>(parts.size())))];
    return text;
  }
  std::string plain_text() {
    static const std::vector<std::string> words{
        "1", "-1.5e3", "true", "450 GB/s", "bf16", "a, b",  "x: y",  "openai/clip", "1f1b", "[list]", "interleaved-1f1b",
        "-", "- x",    "%x",   "C:\\x",    "a#b",  "null_", "@home", "=",           "---",  "...",    "two  spaces"};
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }
  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }

  std::mt19937 random_;
};

void check_same(const Node& a, const Node& b) {
  REQUIRE(a.kind == b.kind);
  CHECK(a.text == b.text);
  // quotes may be added to a text that cannot stand without them, never to a number or a boolean
  if (a.quoted) CHECK(b.quoted);
  if (!a.quoted && (parse_number(a.text) || a.text == "true" || a.text == "false")) CHECK_FALSE(b.quoted);
  REQUIRE(a.items.size() == b.items.size());
  for (std::size_t i = 0; i < a.items.size(); ++i) check_same(a.items[i], b.items[i]);
  REQUIRE(a.members.size() == b.members.size());
  for (std::size_t i = 0; i < a.members.size(); ++i) {
    CHECK(a.members[i].key == b.members[i].key);
    check_same(a.members[i].value, b.members[i].value);
  }
}

TEST_CASE("a document written as YAML reads back the same, whatever its texts", "[property]") {
  const unsigned seed = GENERATE(range(0U, 500U));
  const Node tree = RandomTree(seed).mapping(0);
  const std::string text = to_yaml(tree);
  CAPTURE(seed, text);
  check_same(tree, parse_yaml(text, "f.yaml"));
}

TEST_CASE("writing twice gives the same text", "[property]") {
  const unsigned seed = GENERATE(range(0U, 100U));
  const std::string text = to_yaml(RandomTree(seed).mapping(0));
  CAPTURE(seed, text);
  CHECK(to_yaml(parse_yaml(text, "f.yaml")) == text);
}

TEST_CASE("a block text, a folded text and a text with commas survive", "[unit]") {
  const Node tree =
      parse_yaml("x:\n  source: MegaScale, table 3\n  note: |\n    two\n    lines\n  long: one\n    two\n", "f.yaml");
  const Node again = parse_yaml(to_yaml(tree), "f.yaml");
  CHECK(again.find("x")->find("source")->text == "MegaScale, table 3");
  CHECK(again.find("x")->find("note")->text == "two\nlines\n");
  CHECK(again.find("x")->find("long")->text == "one two");
}

TEST_CASE("values are described by what they are", "[unit]") {
  const Node tree = parse_yaml("[12k, \"12\", [1], {a: 1}, null]", "f.yaml");
  const std::vector<std::string> expected{"'12k'", "the text '12'", "a list", "a mapping", "nothing"};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(describe(tree.items[i]) == expected[i]);
}

}  // namespace
}  // namespace mfusim
