// SPDX-License-Identifier: Apache-2.0
#include "study/expression.hpp"

#include "base/input_error.hpp"
#include "tests/catch.hpp"

#include <array>
#include <utility>

namespace {

bool holds(const std::string& text) {
  mfusim::ExpressionNames names;
  names.variables["tensor"] = 4;
  names.variables["parallel.pipeline"] = 8;
  names.variables["recompute"] = names.number_of("full");
  names.variables["schedule"] = names.number_of("interleaved-1f1b");
  static_cast<void>(names.number_of("none"));
  return mfusim::Expression(text, names).holds();
}

std::string refusal(const std::string& text) {
  try {
    static_cast<void>(holds(text));
  } catch (const mfusim::InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a condition compares numbers and words, with brackets and and, or, not", "[unit]") {
  const std::array<std::pair<const char*, bool>, 14> conditions{{{"tensor * parallel.pipeline <= 32", true},
                                                                 {"tensor * parallel.pipeline < 32", false},
                                                                 {"recompute == full", true},
                                                                 {"recompute == none", false},
                                                                 {"schedule == interleaved_1f1b", true},
                                                                 {"tensor == 4 and recompute == full", true},
                                                                 {"tensor == 3 or parallel.pipeline == 8", true},
                                                                 {"not tensor == 3", true},
                                                                 {"not (tensor == 4 and true)", false},
                                                                 {"tensor == 3 && true || true", true},
                                                                 {"parallel.pipeline % tensor == 0", true},
                                                                 {"2 ^ 3 == parallel.pipeline", true},
                                                                 {"(tensor > 8 ? 1 : 2) == 2", true},
                                                                 {"0 / 0", false}}};
  for (const auto& [text, expected] : conditions) {
    CAPTURE(text);
    CHECK(holds(text) == expected);
  }
}

TEST_CASE("a broken condition is refused with the place of the mistake", "[unit]") {
  CHECK_THAT(refusal("tensor <="), ContainsSubstring("at character 10"));
  CHECK_THAT(refusal("tensor * (2"), ContainsSubstring("at character"));
  CHECK_THAT(refusal("tenser == 4"), ContainsSubstring("at character") && ContainsSubstring("did you mean 'tensor'?"));
  CHECK_THAT(refusal(""), ContainsSubstring("at character"));
  CHECK_THAT(refusal("fits"), ContainsSubstring("unknown name 'fits'; names are recompute, schedule, tensor"));
}

TEST_CASE("a condition follows the numbers of its names", "[unit]") {
  mfusim::ExpressionNames names;
  names.variables["n"] = 1;
  const mfusim::Expression expression("n > 1", names);
  CHECK_FALSE(expression.holds());
  names.variables["n"] = 2;
  CHECK(expression.holds());
}
