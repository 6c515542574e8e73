// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/page.hpp"

#include <string>

namespace mfusim::html {

/// The page as JSON that may stand inside a script element: no '<' is left in it, whatever the names hold.
[[nodiscard]] std::string page_json(const Page& page);

/// Text as it may stand between tags or in a quoted attribute.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace mfusim::html
