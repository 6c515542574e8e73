// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace mfusim {

/// Bytes by what holds them: names of static duration, as they stand in results.
using MemoryParts = std::vector<std::pair<std::string_view, Bytes>>;

}  // namespace mfusim
