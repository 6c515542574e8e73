// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/page.hpp"

#include <iosfwd>

namespace mfusim::html {

/// Throws InputError with the package to install where the program was built without the chart library: asked before long work.
void check_charts();

/// Writes a page as one HTML file that needs nothing else: data, charts, style and scripts are in it. Names are data, never
/// markup. Throws InputError as check_charts() does.
void write_page(std::ostream& out, const Page& page);

}  // namespace mfusim::html
