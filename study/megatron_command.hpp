// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace mfusim {

/// An argument of a launch command.
struct LaunchArgument {
  std::string value;  ///< Empty: a flag.
  int line = 0;
  std::string unknown;  ///< Why the value is not known, see ShellWord; empty: it is.
};

/// The arguments of Megatron-LM's and torchrun's command in a shell script, by name without dashes; of one given twice the last.
struct MegatronCommand {
  std::string source;
  std::map<std::string, LaunchArgument> given;

  [[nodiscard]] bool has(const std::string& name) const { return given.contains(name); }
  /// The value, a whole number from 1 on, or `fallback` where it is not given. Throws InputError.
  [[nodiscard]] std::int64_t number(const std::string& name, std::int64_t fallback) const;
  /// Throws InputError with the argument's line.
  [[noreturn]] void fail(const std::string& name, const std::string& rule) const;
};

/// Other commands of the script are passed over. Throws InputError where arguments are not modelled, which it names all, or where
/// a variable that may hold arguments is not known. `source` stands for the file in messages.
[[nodiscard]] MegatronCommand read_megatron_command(std::string_view script, const std::string& source);

/// "'value'", and why it is not known.
[[nodiscard]] std::string shown_value(const LaunchArgument& argument);

}  // namespace mfusim
