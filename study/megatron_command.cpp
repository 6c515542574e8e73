// SPDX-License-Identifier: Apache-2.0
#include "study/megatron_command.hpp"

#include "base/input_error.hpp"
#include "base/nearest.hpp"
#include "base/number.hpp"
#include "study/megatron_names.hpp"
#include "study/shell_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace mfusim {
namespace {

Location line_of(const MegatronCommand& launch, int line) {
  return {std::make_shared<const std::string>(launch.source), line};
}

bool is_known(const std::string& name) {
  return megatron_value_keys().contains(name) || megatron_flags().contains(name) || is_passed_over(name) ||
         !megatron_words(name).empty() || is_computed(name);
}

/// `--name` or `--name=value`, where a word is that; torchrun also takes `_` for `-`.
std::optional<std::string> name_in(const std::string& word) {
  if (!word.starts_with("--")) return std::nullopt;
  std::string name = word.substr(2, std::min(word.find('='), word.size()) - 2);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

/// A file may hold other commands than the launch: what has no dashes in front and no argument that sets something.
bool is_launch(const ShellCommand& command) {
  const auto sets_something = [](const ShellWord& word) {
    const std::optional<std::string> name = name_in(word.text);
    return name && (megatron_value_keys().contains(*name) || *name == "nnodes");
  };
  return command.front().text.starts_with("--") || std::any_of(command.begin(), command.end(), sets_something);
}

/// A whole variable that is not known may hold any arguments; a part of a path holds none.
bool may_hold_arguments(const ShellWord& word) {
  return !word.unknown.empty() && word.text.starts_with('$') && word.text.find('/') == std::string::npos &&
         !word.text.ends_with(".py");
}

void add_arguments(const ShellCommand& command, MegatronCommand& launch) {
  std::string name;
  for (const ShellWord& word : command) {
    if (const std::optional<std::string> next = name_in(word.text)) {
      name = *next;
      const std::size_t equals = std::min(word.text.find('='), word.text.size());
      launch.given[name] = {word.text.substr(std::min(equals + 1, word.text.size())), word.line, word.unknown};
    } else if (!name.empty() && launch.given[name].value.empty() && !megatron_flags().contains(name)) {
      launch.given[name].value = word.text;
      launch.given[name].unknown = word.unknown;
    } else if (may_hold_arguments(word)) {
      throw InputError(line_of(launch, word.line), shown(word.text),
                       fmt::format("{}: arguments that it holds are not known", word.unknown));
    }
  }
}

/// Options of what starts it (srun, mpirun) are none of the launch's.
ShellCommand from_launcher(const ShellCommand& command) {
  const auto launches = [](const ShellWord& word) {
    return word.text.ends_with("torchrun") || word.text.find("python") != std::string::npos || word.text.ends_with(".py");
  };
  const auto first = std::find_if(command.begin(), command.end(), launches);
  return first == command.end() ? command : ShellCommand(first, command.end());
}

/// A value that the script alone does not say, of an argument that matters.
void refuse_unknown_values(const MegatronCommand& launch) {
  for (const auto& [name, argument] : launch.given) {
    const bool matters = !is_passed_over(name) || name == "nnodes";
    if (matters && !argument.unknown.empty()) launch.fail(name, "expected a value, got " + shown_value(argument));
  }
}

/// All arguments that are not modelled at once, with their lines.
void refuse_unknown(const MegatronCommand& launch) {
  std::vector<std::string> known;
  for (const auto& [argument, key] : megatron_value_keys()) known.push_back(argument);
  for (const auto& [argument, meaning] : megatron_flags()) known.push_back(argument);
  std::vector<std::string> unknown;
  for (const auto& [name, argument] : launch.given) {
    if (!is_known(name)) unknown.push_back(name);
  }
  if (unknown.empty()) return;
  const auto earlier = [&](const auto& a, const auto& b) { return launch.given.at(a).line < launch.given.at(b).line; };
  std::stable_sort(unknown.begin(), unknown.end(), earlier);
  std::string rule = "not modelled" + suggestion(unknown.front(), known);
  for (std::size_t i = 1; i < unknown.size(); ++i)
    rule += fmt::format("{} --{} (line {})", i == 1 ? "; nor" : ",", shown(unknown[i]), launch.given.at(unknown[i]).line);
  launch.fail(unknown.front(), rule);
}

}  // namespace

void MegatronCommand::fail(const std::string& name, const std::string& rule) const {
  const auto at = given.find(name);
  throw InputError(line_of(*this, at == given.end() ? 0 : at->second.line), "--" + shown(name), rule);
}

std::int64_t MegatronCommand::number(const std::string& name, std::int64_t fallback) const {
  const auto at = given.find(name);
  if (at == given.end()) return fallback;
  const std::optional<std::int64_t> number = parse_integer(at->second.value);
  if (!number || *number < 1) fail(name, "expected a positive integer, got " + shown_value(at->second));
  return *number;
}

std::string shown_value(const LaunchArgument& argument) {
  const std::string why = argument.unknown.empty() ? "" : fmt::format(" ({})", argument.unknown);
  return fmt::format("'{}'{}", shown(argument.value), why);
}

MegatronCommand read_megatron_command(std::string_view script, const std::string& source) {
  MegatronCommand launch{.source = source, .given = {}};
  for (const ShellCommand& command : shell_commands(script, source)) {
    const ShellCommand words = from_launcher(command);
    if (is_launch(words)) add_arguments(words, launch);
  }
  refuse_unknown(launch);
  refuse_unknown_values(launch);
  return launch;
}

}  // namespace mfusim
