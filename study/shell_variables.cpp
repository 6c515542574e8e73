// SPDX-License-Identifier: Apache-2.0
#include "study/shell_variables.hpp"

#include <utility>

namespace mfusim {

const ShellLetters* ShellVariables::find(const std::string& name) const {
  const auto at = values_.find(name);
  return at == values_.end() ? nullptr : &at->second;
}

void ShellVariables::assign(const std::string& name, const ShellLetters& value) {
  values_[name] = value;
}

void ShellVariables::append(const std::string& name, const ShellLetters& value) {
  ShellLetters& all = values_[name];
  all.push_back({.ends_word = true});
  all.insert(all.end(), value.begin(), value.end());
}

std::size_t ShellVariables::add_reason(std::string reason) {
  reasons_.push_back(std::move(reason));
  return reasons_.size() - 1;
}

}  // namespace mfusim
