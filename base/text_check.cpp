// SPDX-License-Identifier: Apache-2.0
#include "base/text_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {
namespace {

bool is_control(unsigned char byte) {
  return (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') || byte == 0x7f;
}

/// Bytes of the character that starts `text`, or 0 where it is no UTF-8 (a stray or missing continuation byte, a longer form
/// than needed, half of a surrogate pair, beyond U+10FFFF).
/// Source: The Unicode Standard 15.0, table 3-7.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) { return byte(i) >= low && byte(i) <= high; };
  const auto continued = [&](std::size_t i) { return within(i, 0x80, 0xbf); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continued(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = within(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && continued(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = within(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && continued(2) && continued(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void require_text(std::string_view text, const TreeBuilder& tree) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t size = is_control(byte) ? 0 : character_size(text.substr(at));
    if (size == 0) {
      const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
      const char* kind = is_control(byte) ? "a control byte" : "a byte that is no UTF-8";
      throw InputError(tree.at(1 + static_cast<int>(lines)), "",
                       fmt::format("not a text file: it holds {}, 0x{:02x}", kind, byte));
    }
    at += size;
  }
}

}  // namespace mfusim
