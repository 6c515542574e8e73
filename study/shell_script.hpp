// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// A word of a command as the shell hands it over: without quotes, its variables replaced.
struct ShellWord {
  std::string text;
  int line = 0;         ///< On which the word stands, from 1: that of the assignment where it comes out of a variable.
  std::string unknown;  ///< Why the script alone does not say what the word is; empty: it does.
};
using ShellCommand = std::vector<ShellWord>;

/// The commands of a shell script (bash), as far as its text says: comments are left out, a backslash joins lines; `NAME=value`,
/// `NAME=(a b)` and `+=` are followed, and replaced where `$NAME`, `${NAME}`, `${NAME[@]}` or `${NAME:-default}` stand. The
/// environment is not looked at, nothing is run, and no condition is decided: a variable that is set nowhere, or inside `if`,
/// `for` or behind `&&`, and what the shell would compute (`$(...)`), stay as written, with the reason. Throws InputError where
/// the variables would fill more than 1 MiB. Source: POSIX.1-2017, Shell Command Language, sections 2.2, 2.6.2 and 2.6.5.
[[nodiscard]] std::vector<ShellCommand> shell_commands(std::string_view text, const std::string& source);

}  // namespace mfusim
