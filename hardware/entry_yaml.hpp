// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"

#include <string>

namespace mfusim {

/// A catalog entry as block YAML, one figure a line; mappings of plain values that fit on a line stay in braces.
/// Reads back as the same document.
[[nodiscard]] std::string entry_yaml(const Node& entry);

}  // namespace mfusim
