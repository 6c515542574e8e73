// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mfusim {

/// A decimal integer: digits with an optional minus sign. No leading zeros (`010` is octal elsewhere), no exponent.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

/// A finite decimal number, as `-1.5e3`; no leading zeros, no hexadecimal, no infinities.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

}  // namespace mfusim
