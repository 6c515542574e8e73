// SPDX-License-Identifier: Apache-2.0
#include "app/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace mfusim::app {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// Widths below it are no width of a terminal that a person reads.
constexpr int least_columns = 20;

std::optional<int> columns_variable() {
  const std::string_view text = variable("COLUMNS");
  int columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  if (error != std::errc() || end != text.data() + text.size() || columns < least_columns) return std::nullopt;
  return columns;
}

std::optional<int> terminal_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < least_columns) return std::nullopt;
  return size.ws_col;
}

}  // namespace

TerminalStyle terminal_style(const CommonOptions& options) {
  const bool seen = options.output.empty() && ::isatty(STDOUT_FILENO) != 0;
  TerminalStyle style;
  std::optional<int> columns = columns_variable();
  if (!columns && seen) columns = terminal_columns();
  if (columns) style = {.columns = *columns, .width = TerminalStyle::Width::Known};
  if (seen && variable("NO_COLOR").empty() && variable("TERM") != "dumb") style.colour = TerminalStyle::Colour::Ansi;
  return style;
}

}  // namespace mfusim::app
