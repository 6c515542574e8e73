// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/page.hpp"
#include "study/accuracy.hpp"

namespace mfusim::html {

/// The page of `mfusim validate` over scenarios: predicted against measured step times, errors by family, every row.
[[nodiscard]] Page validation_page(const ValidationReport& report, const std::string& version);

}  // namespace mfusim::html
