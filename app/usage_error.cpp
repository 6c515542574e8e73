// SPDX-License-Identifier: Apache-2.0
#include "app/usage_error.hpp"

#include "app/help.hpp"
#include "base/input_error.hpp"
#include "base/nearest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace mfusim::app {
namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

bool looks_like_scenario(const std::string& word) {
  return word.ends_with(".yaml") || word.ends_with(".yml") || std::filesystem::exists(word);
}

/// Nothing that the program knows stands first.
std::string without_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  const std::vector<std::string> names = command_names(app);
  const auto first = std::find_if(arguments.begin(), arguments.end(), [](const auto& word) { return !word.starts_with('-'); });
  if (first == arguments.end()) {
    const std::string option = arguments.empty() ? "" : fmt::format(", got '{}'", shown(arguments.front()));
    return fmt::format("mfusim: expected a command{}: {}; `mfusim --help` says what each answers", option,
                       fmt::join(names, ", "));
  }
  if (looks_like_scenario(*first))
    return fmt::format("mfusim: expected a command before '{0}', as in `mfusim run {0}`", shown(*first));
  return fmt::format("mfusim: unknown command '{}'{}{} `mfusim --help` lists them", shown(*first), suggestion(*first, names),
                     nearest(*first, names) ? "" : ";");
}

std::string with_unknown_words(const CLI::App& command, const std::vector<std::string>& words) {
  const std::vector<std::string> names = option_names(command);
  const auto option =
      std::find_if(words.begin(), words.end(), [](const auto& word) { return word.size() > 1 && word[0] == '-'; });
  if (option != words.end()) {
    const std::string name = option->substr(0, option->find('='));
    return fmt::format("{}: unknown option{}", shown(name), suggestion(name, names));
  }
  const std::string first = words.empty() ? "" : words.front();
  const char* const hint = first.starts_with('=') ? " (a setting is one word: path.to.key=value)" : "";
  return fmt::format("one argument too many: '{}'{}", shown(first), hint);
}

/// CLI11's own words are "Could not convert: --batch = 1e3".
std::string with_unreadable_value(const CLI::App& command, const CLI::ParseError& error) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || option->get_option_text() == "FILE") continue;
    const std::string value = option->results().empty() ? "" : option->results().front();
    if (std::string(error.what()) != fmt::format("Could not convert: {} = {}", option->get_name(), value)) continue;
    const char* const rule = option->get_option_text() == "N" ? "a number in digits, as 1000" : "a number";
    return fmt::format("{}: expected {}, got '{}'", option->get_name(), rule, shown(value));
  }
  return error.what();
}

std::string of_command(const CLI::App& command, const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError))
    return with_unknown_words(command, command.remaining(true));
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ConversionError)) return with_unreadable_value(command, error);
  if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::RequiredError)) return error.what();
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    return fmt::format("{}: missing: {}", option->get_positional() ? option->get_option_text() : option->get_name(false, true),
                       option->get_description());
  }
  return error.what();
}

}  // namespace

std::string usage_error(const CLI::App& app, const std::vector<std::string>& arguments, const CLI::ParseError& error) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  if (commands.empty()) return without_command(app, arguments) + '\n';
  const CLI::App& command = *commands.front();
  return fmt::format("{}\nusage: {}   (`mfusim {} --help` explains)\n", of_command(command, error), usage_of(command),
                     command.get_name());
}

}  // namespace mfusim::app
