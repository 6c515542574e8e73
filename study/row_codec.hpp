// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/sweep_work.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// Ranges with their rows as bytes, for another process of the same program on a machine of the same kind.
[[nodiscard]] std::string encode_rows(const std::vector<RangeRows>& ranges);
/// What encode_rows was given. Throws std::logic_error on bytes that it never gives.
[[nodiscard]] std::vector<RangeRows> decode_rows(std::string_view bytes);

}  // namespace mfusim
