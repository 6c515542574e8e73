// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace mfusim {

/// How an answer is set in plain characters: what the terminal can show.
struct TerminalStyle {
  enum class Colour { None, Ansi };
  int columns = 100;
  Colour colour = Colour::None;
};

/// What a piece of text is, for those who see colours.
enum class Tone { Heading, Good, Loss, Gain, Alarm };
/// The text in the tone's colour, or as it is where the style has none.
[[nodiscard]] std::string painted(std::string_view text, Tone tone, const TerminalStyle& style);

/// Writes text as lines of at most `style.columns` characters, broken between words; lines after the first start with `indent`
/// blanks, or with half a line of them where that is less. A word longer than a line stays whole.
void write_wrapped(std::ostream& out, std::string_view text, std::size_t indent, const TerminalStyle& style);

/// Where bars stand to the right of a table that needs `taken` columns: none (0) where fewer than ten would be left, and never
/// more than `most`.
[[nodiscard]] int bar_columns(int taken, int most, const TerminalStyle& style);

/// A stretch of a scale of `columns` characters as blanks and `mark`s: from and to are fractions of the scale, in either order.
/// Anything above nothing is at least one mark.
[[nodiscard]] std::string stretch(double from, double to, int columns, char mark);

}  // namespace mfusim
