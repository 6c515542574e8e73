// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/commands.hpp"
#include "report/terminal_style.hpp"

namespace mfusim::app {

/// How the answer to `options` is set: the width of the terminal (the variable COLUMNS goes first; 100 where neither is known),
/// colour on a terminal only, and never under NO_COLOR (https://no-color.org) or for a terminal that is called "dumb".
[[nodiscard]] TerminalStyle terminal_style(const CommonOptions& options);

}  // namespace mfusim::app
