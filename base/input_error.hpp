// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mfusim {

/// Where a piece of input stands. Lines count from 1; 0 means the whole file.
struct Location {
  std::shared_ptr<const std::string> file;
  int line = 0;
};

/// The input is wrong. what() reads `file:line: key: rule, value`; the program ends with exit code 2.
class InputError : public std::runtime_error {
 public:
  InputError(const Location& where, std::string_view key, std::string_view rule);
  /// A wrong input that is no file: an argument of the command line.
  explicit InputError(const std::string& message) : std::runtime_error(message) {}
};

/// The input as a message may show it: control characters escaped, cut at 120 characters.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace mfusim
