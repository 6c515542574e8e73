// SPDX-License-Identifier: Apache-2.0
#include "report/bar_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace mfusim {

void write_bar_rows(std::ostream& out, const std::vector<BarRow>& rows) {
  constexpr int figures = 12;
  constexpr int shares = 9;
  constexpr int most_bars = 60;
  constexpr int least_names = 8;
  const TerminalStyle style = style_of(out);
  std::size_t widest = least_names;
  for (const BarRow& row : rows) widest = std::max(widest, columns_of(row.name) + 1);
  const int names = std::clamp(style.columns - figures - shares - 2, least_names, static_cast<int>(widest));
  const int bars = bar_columns(2 + names + figures + shares + 2, most_bars, style);
  for (const BarRow& row : rows) {
    out << fmt::format("  {:<{}.{}}{:>{}}{:>{}}", row.name, names, names - 1, row.figure, figures, row.share, shares);
    const std::string bar = stretch(row.from, row.to, bars, row.mark);
    if (!bar.empty()) out << "  " << painted(bar, row.tone, style);
    out << '\n';
  }
}

}  // namespace mfusim
