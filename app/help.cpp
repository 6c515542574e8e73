// SPDX-License-Identifier: Apache-2.0
#include "app/help.hpp"

#include "app/terminal.hpp"

#include <fmt/format.h>

#include <sstream>

namespace mfusim::app {
namespace {

/// What an option takes: "FILE", "table|json|csv"; nothing for a flag.
std::string argument_of(const CLI::Option& option) {
  return option.get_option_text();
}

std::string wrapped(const std::string& text, std::size_t indent) {
  std::ostringstream out;
  write_wrapped(out, text, indent, terminal_style({}));
  return out.str();
}

/// A name and what it means, in two columns; below each other where the name is too long for its column.
std::string entry(const std::string& name, const std::string& meaning, std::size_t column) {
  const std::string head = "  " + name;
  if (head.size() + 2 > column) return head + '\n' + wrapped(std::string(column, ' ') + meaning, column);
  return wrapped(head + std::string(column - head.size(), ' ') + meaning, column);
}

constexpr std::size_t option_column = 30;
constexpr std::size_t command_column = 14;

}  // namespace

std::string usage_of(const CLI::App& command) {
  std::string usage = "mfusim " + command.get_name();
  for (const CLI::Option* option : command.get_options([](const CLI::Option* one) { return one->get_positional(); })) {
    const bool whole = option->get_required() || argument_of(*option).starts_with('[');
    usage += whole ? " " + argument_of(*option) : " [" + argument_of(*option) + "]";
  }
  return usage + " [options]";
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
  if (app->get_parent() == nullptr) return fmt::format("usage: {} COMMAND [arguments]\n", name.empty() ? app->get_name() : name);
  return "usage: " + usage_of(*app) + "\n";
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  const std::string argument = argument_of(*option);
  if (is_positional) return entry(argument, option->get_description(), option_column);
  const std::string names = option->get_name(false, true);
  return entry(argument.empty() ? names : names + " " + argument, option->get_description(), option_column);
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return entry(command->get_name(), command->get_description(), command_column);
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return wrapped(app->get_description(), 0);
}

std::string HelpFormatter::make_footer(const CLI::App* app) const {
  return app->get_footer().empty() ? "" : wrapped(app->get_footer(), 2);
}

}  // namespace mfusim::app
