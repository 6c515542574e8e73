// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"

#include "tests/catch.hpp"

namespace mfusim {
namespace {

Location at(const std::string& file, int line) {
  return {std::make_shared<const std::string>(file), line};
}

TEST_CASE("an input error reads file:line: key: rule, and leaves out what is not known", "[unit]") {
  CHECK(std::string(InputError(at("a.yaml", 14), "model.heads", "missing").what()) == "a.yaml:14: model.heads: missing");
  CHECK(std::string(InputError(at("a.yaml", 0), "", "no such file").what()) == "a.yaml: no such file");
  CHECK(std::string(InputError(Location{}, "key", "rule").what()) == "key: rule");
  CHECK(std::string(InputError("--format: unknown").what()) == "--format: unknown");
}

TEST_CASE("shown input has no control characters and is cut at 120", "[unit]") {
  CHECK(shown("plain") == "plain");
  CHECK(shown("a\nb\x1b[31m\x7f") == "a\\x0ab\\x1b[31m\\x7f");
  CHECK(shown(std::string(120, 'x')) == std::string(120, 'x'));
  CHECK(shown(std::string(121, 'x')) == std::string(120, 'x') + "...");
}

TEST_CASE("shown input is not cut inside a character", "[unit]") {
  const std::string euro = "\xe2\x82\xac";  // three bytes: the cut at 120 would fall inside the last one
  CHECK(shown(std::string(118, 'x') + euro + "tail") == std::string(118, 'x') + "...");
  CHECK(shown(std::string(117, 'x') + euro + "tail") == std::string(117, 'x') + euro + "...");
}

}  // namespace
}  // namespace mfusim
