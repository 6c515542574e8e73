// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {
namespace {

std::string located(const Location& where, std::string_view key, std::string_view rule) {
  std::string text = where.file ? shown(*where.file) : std::string();
  if (where.line > 0) text += fmt::format(":{}", where.line);
  if (!text.empty()) text += ": ";
  if (!key.empty()) text += fmt::format("{}: ", shown(key));
  return text + std::string(rule);
}

}  // namespace

InputError::InputError(const Location& where, std::string_view key, std::string_view rule)
    : std::runtime_error(located(where, key, rule)) {}

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 120;
  std::size_t end = std::min(longest, text.size());
  // not inside a UTF-8 character
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  std::string out;
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  if (end < text.size()) out += "...";
  return out;
}

}  // namespace mfusim
