// SPDX-License-Identifier: Apache-2.0
#include "model/counting.hpp"

#include "base/input_error.hpp"
#include "base/nearest.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace mfusim {
namespace {

const std::vector<std::pair<std::string, Convention>>& names() {
  static const std::vector<std::pair<std::string, Convention>> all{
      {"all", Convention::All}, {"mac", Convention::Mac}, {"matmul", Convention::Matmul}, {"model", Convention::Model}};
  return all;
}

}  // namespace

std::string to_string(Convention convention) {
  for (const auto& [name, value] : names()) {
    if (value == convention) return name;
  }
  throw std::logic_error("unhandled Convention");
}

std::vector<std::string> convention_names() {
  std::vector<std::string> all;
  for (const auto& entry : names()) all.push_back(entry.first);
  return all;
}

Convention convention_of(std::string_view name) {
  for (const auto& [known, value] : names()) {
    if (known == name) return value;
  }
  throw InputError(fmt::format("convention: expected one of {}, got '{}'{}", fmt::join(convention_names(), ", "), shown(name),
                               suggestion(name, convention_names())));
}

}  // namespace mfusim
