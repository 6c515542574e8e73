// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/tree_builder.hpp"

#include <string_view>

namespace mfusim {

/// Throws InputError with the line of the first byte that is no UTF-8 text, or a control byte other than tab and line break.
void require_text(std::string_view text, const TreeBuilder& tree);

/// Is `text` well-formed UTF-8? Control bytes are allowed.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace mfusim
