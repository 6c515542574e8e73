// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mfusim {

/// Reads a number with its unit, as `450 GB/s`, `200 Gb/s`, `80 GiB`, `14.83 s`, `312 TFLOP/s`, `20000 samples/s`.
/// A unit is required; bits are `b`, bytes `B`; k M G T P are decimal, Ki Mi Gi Ti binary. Nothing on anything else.
/// Defined for Bytes, BytesPerSecond, FlopsPerSecond, SamplesPerSecond, Seconds; the value is finite and not negative.
template <class Q>
[[nodiscard]] std::optional<Q> parse_quantity(std::string_view text);

/// The rule that parse_quantity<Q> checks, for messages: "expected a rate with its unit, as '450 GB/s'".
template <class Q>
[[nodiscard]] std::string quantity_rule();

}  // namespace mfusim
