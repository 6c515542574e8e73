// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/terminal_style.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace mfusim {

/// A row with a bar: a part of the step, of the memory, of a difference.
struct BarRow {
  std::string name;
  std::string figure;
  std::string share;
  double from = 0, to = 0;  ///< Fractions of the scale of the bars.
  char mark = '#';
  Tone tone = Tone::Loss;
};

/// Names, figures and shares in columns, in the stream's style: names as wide as they need, bars where there is room for them.
void write_bar_rows(std::ostream& out, const std::vector<BarRow>& rows);

}  // namespace mfusim
