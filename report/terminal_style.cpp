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

/// Where a stream keeps its style: columns (0: none was set), and colour and width as bits.
struct StylePlaces {
  int columns = std::ios_base::xalloc();
  int bits = std::ios_base::xalloc();
};

const StylePlaces& style_places() {
  static const StylePlaces places;
  return places;
}

constexpr long has_colour = 1;
constexpr long knows_width = 2;

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

/// Bytes of the first `columns` characters.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (!continues_character(text[at]) && columns-- == 0) break;
  }
  return at;
}

}  // namespace

void set_style(std::ostream& out, const TerminalStyle& style) {
  out.iword(style_places().columns) = style.columns;
  out.iword(style_places().bits) = (style.colour == TerminalStyle::Colour::Ansi ? has_colour : 0) |
                                   (style.width == TerminalStyle::Width::Known ? knows_width : 0);
}

TerminalStyle style_of(std::ostream& out) {
  TerminalStyle style;
  const long columns = out.iword(style_places().columns);
  if (columns == 0) return style;
  const long bits = out.iword(style_places().bits);
  style.columns = static_cast<int>(columns);
  if ((bits & has_colour) != 0) style.colour = TerminalStyle::Colour::Ansi;
  if ((bits & knows_width) != 0) style.width = TerminalStyle::Width::Known;
  return style;
}

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

std::vector<std::string> broken(std::string_view text, std::size_t room) {
  room = std::max<std::size_t>(room, 1);
  std::vector<std::string> lines;
  while (columns_of(text) > room) {
    const std::size_t most = bytes_of(text, room);
    const std::size_t blank = text.rfind(' ', most);
    const bool between_words = blank != std::string_view::npos && blank > 0;
    lines.emplace_back(text.substr(0, between_words ? blank : most));
    text.remove_prefix(between_words ? blank + 1 : most);
  }
  lines.emplace_back(text);
  return lines;
}

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
    const std::size_t letters = std::max(text.find_last_not_of(' ', end) + 1, least);
    out << text.substr(0, std::min(letters, end)) << '\n' << std::string(indent, ' ');
    text.remove_prefix(end + 1);
    lead = indent;
  }
  out << text << '\n';
}

void write_wrapped(std::ostream& out, std::string_view text, std::size_t indent) {
  write_wrapped(out, text, indent, style_of(out));
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
  constexpr char thin = '|';
  constexpr double least_shown = 0.5;
  const char shown = (high - low) * columns < least_shown ? thin : mark;
  return std::string(static_cast<std::size_t>(start), ' ') + std::string(static_cast<std::size_t>(end - start), shown);
}

}  // namespace mfusim
