// SPDX-License-Identifier: Apache-2.0
#include "tests/base/input.hpp"

#include <algorithm>
#include <random>

namespace mfusim {
namespace {

const std::string yaml_seed = R"(# a scenario
model: openai/clip-vit-large-patch14-336
cluster: {gpu: a100-sxm4-80gb, gpus: 256, gpus_per_node: 8, network: {nics_per_node: 8, bandwidth: 200 Gb/s}}
training:
  global_batch: 32768
  precision: "bf16"
  note: |
    two lines
    of text
cases:
  - {a: 1, b: [1, 2.5e3, null, 'x']}
  - a: >-
      folded
    c: ~
)";

const std::string json_seed = R"({"architectures": ["CLIPModel"], "text_config": {"hidden_size": 768, "layer_norm_eps": 1e-05,
 "flag": true, "nothing": null, "escape": "\u00e9\n\"", "list": [1, -2, 3.5, [], {}]}, "model_type": "clip"})";

/// `text` with a few random changes: bytes changed, inserted, removed; pieces repeated, moved or cut off.
std::string mutated(std::string text, std::mt19937& random) {
  static const std::string marks = "{}[]:,-?&*!|>'\"%@`#~<=. \t\r\n\\/0189aeEnu_\x01\x7f\x80\xc3\xe2\xff";
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % std::max<std::size_t>(limit, 1); };
  for (std::size_t changes = 1 + below(6); changes > 0; --changes) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = below(12);
    switch (below(6)) {
      case 0:
        text.insert(at, 1, marks[below(marks.size())]);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(below(text.size() + 1), text.substr(at, length));
        break;
      case 3:
        text.insert(at, std::string(length, marks[below(marks.size())]));
        break;
      case 4:
        text.resize(at);
        break;
      default:
        if (at < text.size()) text[at] = marks[below(marks.size())];
    }
  }
  return text;
}

enum class Outcome { Parsed, InputRefused };

template <class Parse>
Outcome outcome(const std::string& text, Parse parse) {
  try {
    const Node tree = parse(text);
    const Node again = parse_yaml(to_yaml(tree), "again");
    if (to_yaml(again) != to_yaml(tree)) throw std::logic_error("written and read again it is another document");
    return Outcome::Parsed;
  } catch (const InputError& error) {
    if (std::string_view(error.what()).substr(0, 2) != "f:")
      throw std::logic_error(std::string("names no file: ") + error.what());
    return Outcome::InputRefused;
  }
}

/// Both outcomes must occur often, else the mutations test nothing.
template <class Parse>
void check_mutations(const std::string& seed_text, Parse parse) {
  constexpr int rounds = 4000;
  int parsed = 0;
  for (unsigned seed = 0; seed < rounds; ++seed) {
    std::mt19937 random(seed);
    const std::string text = mutated(seed_text, random);
    CAPTURE(seed, text);
    Outcome result = Outcome::InputRefused;
    REQUIRE_NOTHROW(result = outcome(text, parse));
    if (result == Outcome::Parsed) ++parsed;
  }
  CHECK(parsed > rounds / 100);
  CHECK(parsed < rounds * 9 / 10);
}

TEST_CASE("a damaged YAML file parses or is an input error, and nothing else", "[property]") {
  check_mutations(yaml_seed, [](const std::string& text) { return parse_yaml(text, "f"); });
}

TEST_CASE("a damaged JSON file parses or is an input error, and nothing else", "[property]") {
  check_mutations(json_seed, [](const std::string& text) { return parse_json(text, "f"); });
}

}  // namespace
}  // namespace mfusim
