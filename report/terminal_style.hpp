// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// How an answer is set in plain characters: what the terminal can show.
struct TerminalStyle {
  enum class Colour { None, Ansi };
  /// Assumed where no terminal is: sentences keep to it, tables stay whole, as a program behind a pipe wants them.
  enum class Width { Assumed, Known };
  int columns = 100;
  Colour colour = Colour::None;
  Width width = Width::Assumed;
};

/// A stream carries its style, as it carries its number formats: who writes into it asks for it.
void set_style(std::ostream& out, const TerminalStyle& style);
[[nodiscard]] TerminalStyle style_of(std::ostream& out);  ///< The plain style where none was set.

/// What a piece of text is, for those who see colours.
enum class Tone { Heading, Good, Loss, Gain, Alarm };
/// The text in the tone's colour, or as it is where the style has none.
[[nodiscard]] std::string painted(std::string_view text, Tone tone, const TerminalStyle& style);

/// Text for a terminal: control characters, which could move its cursor or change its colours, become '?'.
[[nodiscard]] std::string printable(std::string text);

/// Columns that a text takes on a terminal: one for each character of UTF-8.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// Text cut into lines of at most `room` columns: between words where it can, inside one that is longer than a line.
[[nodiscard]] std::vector<std::string> broken(std::string_view text, std::size_t room);

/// Writes text as lines of at most `style.columns` characters, broken between words; lines after the first start with `indent`
/// blanks, or with half a line of them where that is less. A word longer than a line stays whole.
void write_wrapped(std::ostream& out, std::string_view text, std::size_t indent, const TerminalStyle& style);

/// The same in the stream's own style.
void write_wrapped(std::ostream& out, std::string_view text, std::size_t indent = 0);

/// Where bars stand to the right of a table that needs `taken` columns: none (0) where fewer than ten would be left, and never
/// more than `most`.
[[nodiscard]] int bar_columns(int taken, int most, const TerminalStyle& style);

/// A stretch of a scale of `columns` characters as blanks and `mark`s: from and to are fractions of the scale, in either order.
/// Anything above nothing is at least one character: a '|' where it is less than half of one.
[[nodiscard]] std::string stretch(double from, double to, int columns, char mark);

}  // namespace mfusim
