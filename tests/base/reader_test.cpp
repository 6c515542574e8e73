// SPDX-License-Identifier: Apache-2.0
#include "base/reader.hpp"

#include "tests/base/input.hpp"

namespace mfusim {
namespace {

enum class Colour { Red, Green };
const std::vector<std::pair<std::string, Colour>> colours{{"red", Colour::Red}, {"green", Colour::Green}};

/// What `read` makes of the mapping `yaml`: the message of its error, or "no error".
template <class Read>
std::string reading(const std::string& yaml, Read read) {
  const Node root = parse_yaml(yaml, "f.yaml");
  Reader reader(root, "", nullptr);
  return message_of([&] { static_cast<void>(read(reader)); });
}

TEST_CASE("each getter reads its kind of value", "[unit]") {
  const Node root = parse_yaml(
      "word: bf16\nyes: true\nno: false\npositive: 3\nzero: 0\nnumber: -1.5e3\nhalf: 0.5\nsize: 80 GB\ntime: \"20 us\"\ncolour: "
      "green\n"
      "child: {x: 1}\nlist: [{x: 1}, {x: 2}]\nnothing: null\n",
      "f.yaml");
  Reader reader(root, "", nullptr);
  CHECK(reader.word("word") == "bf16");
  CHECK(reader.boolean("yes"));
  CHECK_FALSE(reader.boolean("no"));
  CHECK(reader.positive_int("positive") == 3);
  CHECK(reader.non_negative_int("zero") == 0);
  CHECK(reader.number("number") == -1500.0);
  CHECK(reader.positive_number("half") == 0.5);
  CHECK(reader.fraction("half") == 0.5);
  CHECK(reader.quantity<Bytes>("size") == Bytes(80e9));
  CHECK_THAT(reader.quantity<Seconds>("time").count(), WithinRel(20e-6, 1e-15));
  CHECK(reader.choice("colour", colours) == Colour::Green);
  CHECK(reader.child("child").positive_int("x") == 1);
  CHECK(reader.list_of_mappings("list")[1].positive_int("x") == 2);
  CHECK_FALSE(reader.has("nothing"));
  CHECK_FALSE(reader.child_if("nothing"));
  CHECK_FALSE(reader.has("missing"));
  CHECK_NOTHROW(reader.reject_unknown_keys());
}

TEST_CASE("what looks like an integer and is none is refused with its line, rule and value", "[unit]") {
  const std::string text = GENERATE(as<std::string>{}, "12k", "010", "0x10", "1e3", "1.0", "0", "-1", ".nan", ".inf", "true",
                                    "9223372036854775808", "1_000", "+1", "[1]", "{a: 1}", "\"12\"");
  CAPTURE(text);
  const std::string message = reading("a: 1\nmodel: 2\ncount: " + text + "\n", [](Reader& r) { return r.positive_int("count"); });
  CHECK_THAT(message, StartsWith("f.yaml:3: count: expected a positive integer, got "));
}

TEST_CASE("the value stands in the message as it was written", "[unit]") {
  const auto [text, got] = GENERATE(table<std::string, std::string>(
      {{"12k", "'12k'"}, {"\"12\"", "the text '12'"}, {"[1]", "a list"}, {"{a: 1}", "a mapping"}, {"a\"b", "'a\"b'"}}));
  CAPTURE(text);
  CHECK_THAT(reading("count: " + text + "\n", [](Reader& r) { return r.positive_int("count"); }), EndsWith("got " + got));
}

TEST_CASE("numbers are finite and decimal", "[unit]") {
  const std::string text =
      GENERATE(as<std::string>{}, ".nan", ".inf", "-.inf", "nan", "1e999", "0x1", "010", "1,5", "\"1\"", "x", "[1]");
  CAPTURE(text);
  CHECK_THAT(reading("a: " + text + "\n", [](Reader& r) { return r.number("a"); }),
             StartsWith("f.yaml:1: a: expected a number, got "));
}

TEST_CASE("ranges are checked", "[unit]") {
  CHECK(reading("a: 0\n", [](Reader& r) { return r.positive_number("a"); }) ==
        "f.yaml:1: a: expected a positive number, got '0'");
  CHECK(reading("a: 1.01\n", [](Reader& r) { return r.fraction("a"); }) ==
        "f.yaml:1: a: expected a number from 0 to 1, got '1.01'");
  CHECK(reading("a: -1\n", [](Reader& r) { return r.non_negative_int("a"); }) ==
        "f.yaml:1: a: expected a non-negative integer, got '-1'");
}

TEST_CASE("booleans are true and false and nothing else", "[unit]") {
  const std::string text = GENERATE(as<std::string>{}, "yes", "on", "1", "True", "TRUE", "\"true\"", "[]");
  CAPTURE(text);
  CHECK_THAT(reading("a: " + text + "\n", [](Reader& r) { return r.boolean("a"); }),
             StartsWith("f.yaml:1: a: expected true or false"));
}

TEST_CASE("a quantity without its unit shows how to write it", "[unit]") {
  CHECK(reading("a: 80\n", [](Reader& r) { return r.quantity<Bytes>("a"); }) ==
        "f.yaml:1: a: expected a size with its unit, as '80 GB' or '512 MiB', of at most 1 EB, got '80'");
  CHECK(reading("a: 80 GB\n", [](Reader& r) { return r.quantity<BytesPerSecond>("a"); }) ==
        "f.yaml:1: a: expected a rate with its unit, as '450 GB/s' or '200 Gb/s', got '80 GB'");
  CHECK(reading("a: [80 GB]\n", [](Reader& r) { return r.quantity<Bytes>("a"); }) ==
        "f.yaml:1: a: expected a size with its unit, as '80 GB' or '512 MiB', of at most 1 EB, got a list");
}

TEST_CASE("a missing key names the line of the mapping it should stand in", "[unit]") {
  const Node root = parse_yaml("a: 1\n\nmodel:\n  heads: 2\n", "f.yaml");
  Reader reader(root, "", nullptr);
  Reader model = reader.child("model");
  CHECK(message_of([&] { static_cast<void>(model.positive_int("layers")); }) == "f.yaml:4: model.layers: missing");
  CHECK(message_of([&] { static_cast<void>(reader.word("stack")); }) == "f.yaml:1: stack: missing");
}

TEST_CASE("a key without a value is no wish for the default", "[unit]") {
  CHECK(reading("a: 1\nb:\nc: 2\n", [](Reader& r) { return r.positive_int("b"); }) ==
        "f.yaml:2: b: expected a value, got nothing");
  const std::string message = "f.yaml:2: b: expected a value, got nothing (leave the key out for its default)";
  CHECK(reading("a: 1\nb:\nc: 2\n", [](Reader& r) { return r.positive_int("b", 7); }) == message);
  CHECK(reading("a: 1\nb: null\n", [](Reader& r) { return r.word("b", "x"); }) == message);
  CHECK(reading("a: 1\nb: ~\n", [](Reader& r) { return r.quantity<Bytes>("b", "1 GB"); }) == message);
}

TEST_CASE("a default is used where the key is missing, and noted", "[unit]") {
  const Node root = parse_yaml("given: 1\nchild: {}\n", "f.yaml");
  UsedDefaults defaults;
  Reader reader(root, "", &defaults);
  CHECK(reader.positive_int("given", 7) == 1);
  CHECK(reader.positive_int("tensor", 8) == 8);
  CHECK(reader.quantity<Bytes>("size", "2 GB") == Bytes(2e9));
  CHECK(reader.boolean("flag", true));
  CHECK(reader.choice("colour", colours, "red") == Colour::Red);
  CHECK(reader.child("child").fraction("share", 0.25) == 0.25);
  REQUIRE(defaults.size() == 5);
  CHECK(defaults[0].path == "tensor");
  CHECK(defaults[0].value == "8");
  CHECK(defaults[1].value == "2 GB");
  CHECK(defaults[2].value == "true");
  CHECK(defaults[4].path == "child.share");
}

TEST_CASE("an unknown key is refused with its line and the nearest known key", "[unit]") {
  const auto read = [](Reader& r) {
    static_cast<void>(r.positive_int("tensor", 1));
    r.allow("pipeline");
    r.reject_unknown_keys();
    return 0;
  };
  CHECK(reading("tensor: 2\npipeline: 1\n", read) == "no error");
  CHECK(reading("pipeline: 1\n\ntensr: 2\n", read) == "f.yaml:3: tensr: unknown key; did you mean 'tensor'?");
  CHECK(reading("elephant: 2\n", read) == "f.yaml:1: elephant: unknown key");
}

TEST_CASE("an unknown key of initials finds the key whose words and section begin so", "[unit]") {
  const Node root = parse_yaml("parallel: {pp: 2}", "f.yaml");
  Reader whole(root, "", nullptr);
  Reader parallel = whole.child("parallel");
  static_cast<void>(parallel.positive_int("tensor", 1));
  static_cast<void>(parallel.positive_int("pipeline", 1));
  CHECK(message_of([&] { parallel.reject_unknown_keys(); }) == "f.yaml:1: parallel.pp: unknown key; did you mean 'pipeline'?");
}

TEST_CASE("a wrong choice lists the right ones and suggests the nearest", "[unit]") {
  CHECK(reading("c: gren\n", [](Reader& r) { return r.choice("c", colours); }) ==
        "f.yaml:1: c: expected one of red, green, got 'gren'; did you mean 'green'?");
}

TEST_CASE("paths name the whole way, through lists too", "[unit]") {
  const Node root = parse_yaml("cases:\n  - {x: 1}\n  - {x: no}\n", "f.yaml");
  Reader reader(root, "top", nullptr);
  std::vector<Reader> cases = reader.list_of_mappings("cases");
  CHECK(message_of([&] { static_cast<void>(cases[1].positive_int("x")); }) ==
        "f.yaml:3: top.cases[1].x: expected a positive integer, got 'no'");
}

TEST_CASE("a list or a word where a mapping is expected, and the other way round", "[unit]") {
  CHECK(reading("a: [1]\n", [](Reader& r) { return r.child("a").path_of("b"); }) ==
        "f.yaml:1: a: expected a mapping, got a list");
  CHECK(reading("a: x\n", [](Reader& r) { return r.child_if("a").has_value(); }) == "f.yaml:1: a: expected a mapping, got 'x'");
  CHECK(reading("a: {b: 1}\n", [](Reader& r) { return r.list_of_mappings("a").size(); }) ==
        "f.yaml:1: a: expected a list, got a mapping");
  CHECK(reading("a: [1]\n", [](Reader& r) { return r.list_of_mappings("a").size(); }) ==
        "f.yaml:1: a[0]: expected a mapping, got '1'");
  CHECK(reading("a: [x]\n", [](Reader& r) { return r.word("a"); }) == "f.yaml:1: a: expected a word, got a list");
  CHECK(reading("a: 1\nb: {c: 2}\n", [](Reader& r) { return r.child("b").child_or_empty("d").positive_int("e"); }) ==
        "f.yaml:2: b.d.e: missing");  // in the mapping that should hold it
  const Node list = parse_yaml("[1]", "f.yaml");
  CHECK(message_of([&] { Reader(list, "", nullptr); }) == "f.yaml:1: expected a mapping, got a list");
}

}  // namespace
}  // namespace mfusim
