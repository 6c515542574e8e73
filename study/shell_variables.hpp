// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace mfusim {

/// A letter of a shell script's word.
struct ShellLetter {
  char c = ' ';
  int line = 0;
  std::size_t reason = 0;  ///< Why it is not what the shell would make of it, of ShellVariables::reason(); 0: it is.
  bool ends_word = false;  ///< A space that divides words; c is not part of any.
};
using ShellLetters = std::vector<ShellLetter>;

/// What a shell script has assigned so far, and the reasons why letters are not known.
class ShellVariables {
 public:
  /// Null where the variable is not set.
  [[nodiscard]] const ShellLetters* find(const std::string& name) const;
  void assign(const std::string& name, const ShellLetters& value);
  /// As the next element of an array.
  void append(const std::string& name, const ShellLetters& value);

  [[nodiscard]] std::size_t add_reason(std::string reason);
  [[nodiscard]] const std::string& reason(std::size_t number) const { return reasons_[number]; }

 private:
  std::map<std::string, ShellLetters> values_;
  std::vector<std::string> reasons_{""};
};

}  // namespace mfusim
