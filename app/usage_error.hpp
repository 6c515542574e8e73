// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace mfusim::app {

/// What was wrong with the command line, in a sentence that says what to write instead: the nearest command or option, the
/// argument that is missing, where the list of them is. `arguments` are those of the program, without its name.
[[nodiscard]] std::string usage_error(const CLI::App& app, const std::vector<std::string>& arguments,
                                      const CLI::ParseError& error);

}  // namespace mfusim::app
