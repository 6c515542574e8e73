// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/page.hpp"

#include <string>

namespace mfusim::html {

/// A chart of times that lead from one to another, still without bars: each will start where the one above it ended.
[[nodiscard]] BarChart empty_waterfall(std::string key, std::string title, std::string source);

}  // namespace mfusim::html
