// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/count.hpp"

#include <map>
#include <string>
#include <string_view>

namespace mfusim::test {

/// A polynomial with whole coefficients as text gives it: `590848*id**2*il + 12*il - 3`. Read independently of the program.
/// Product of powers (variable -> exponent) -> coefficient.
using Powers = std::map<std::string, int>;
using Polynomial = std::map<Powers, Count>;

[[nodiscard]] Polynomial parse_polynomial(std::string_view text);
[[nodiscard]] Count evaluate(const Polynomial& polynomial, const std::map<std::string, Count>& values);

}  // namespace mfusim::test
