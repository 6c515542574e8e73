// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/count.hpp"

#include <map>
#include <string>
#include <string_view>

namespace mfusim::test {

/// A coefficient numerator / denominator.
struct Fraction {
  Count numerator = 0;
  Count denominator = 1;

  Fraction& operator+=(const Fraction& other) {
    numerator = numerator * other.denominator + other.numerator * denominator;
    denominator *= other.denominator;
    return *this;
  }
  friend bool operator==(const Fraction& a, const Fraction& b) {
    return a.numerator * b.denominator == b.numerator * a.denominator;
  }
};

/// A polynomial as text gives it: `590848*id**2*il + 1/2*il - 3`. Read independently of the program.
/// Product of powers (variable -> exponent) -> coefficient.
using Powers = std::map<std::string, int>;
using Polynomial = std::map<Powers, Fraction>;

[[nodiscard]] Polynomial parse_polynomial(std::string_view text);
/// Throws std::logic_error where the value is no whole number.
[[nodiscard]] Count evaluate(const Polynomial& polynomial, const std::map<std::string, Count>& values);

}  // namespace mfusim::test
