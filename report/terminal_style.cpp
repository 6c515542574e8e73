// SPDX-License-Identifier: Apache-2.0
#include "report/terminal_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <stdexcept>

namespace mfusim {
namespace {

/// Source: ECMA-48, "Select graphic rendition".
const char* rendition(Tone tone) {
  switch (tone) {
    case Tone::Heading:
      return "1";
    case Tone::Good:
      return "32";
    case Tone::Loss:
      return "33";
    case Tone::Gain:
      return "36";
    case Tone::Alarm:
      return "1;31";
  }
  throw std::logic_error("unhandled Tone");
}

}  // namespace

std::string painted(std::string_view text, Tone tone, const TerminalStyle& style) {
  if (style.colour == TerminalStyle::Colour::None) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", rendition(tone), text);
}

void write_wrapped(std::ostream& out, std::string_view text, std::size_t indent, const TerminalStyle& style) {
  const auto columns = static_cast<std::size_t>(std::max(style.columns, 1));
  indent = std::min(indent, columns / 2);
  std::size_t lead = 0;  // blanks before what is left of the text
  while (lead + text.size() > columns) {
    const std::size_t room = columns > lead ? columns - lead : 0;
    const std::size_t least = lead == 0 ? indent : 0;  // what stands before the indent of the first line is not broken
    std::size_t end = text.rfind(' ', room);
    if (end == std::string_view::npos || end <= least) end = text.find(' ', std::max(room, least + 1));
    if (end == std::string_view::npos) break;
    out << text.substr(0, end) << '\n' << std::string(indent, ' ');
    text.remove_prefix(end + 1);
    lead = indent;
  }
  out << text << '\n';
}

int bar_columns(int taken, int most, const TerminalStyle& style) {
  constexpr int least = 10;
  const int left = std::min(style.columns - taken, most);
  return left < least ? 0 : left;
}

std::string stretch(double from, double to, int columns, char mark) {
  const double low = std::clamp(std::min(from, to), 0.0, 1.0);
  const double high = std::clamp(std::max(from, to), 0.0, 1.0);
  if (columns <= 0 || high <= low) return {};
  const auto end = std::max(1, static_cast<int>(std::lround(high * columns)));
  const auto start = std::min(static_cast<int>(std::lround(low * columns)), end - 1);
  return std::string(static_cast<std::size_t>(start), ' ') + std::string(static_cast<std::size_t>(end - start), mark);
}

}  // namespace mfusim
