// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"

#include "app/terminal.hpp"
#include "base/input_error.hpp"
#include "report/atomic_file.hpp"
#include "sim/scenario_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <system_error>

namespace mfusim::app {

void add_common_options(CLI::App& command, CommonOptions& options) {
  const std::vector<std::pair<std::string, Format>> formats{
      {"table", Format::Table}, {"json", Format::Json}, {"csv", Format::Csv}};
  command.add_option("--format", options.format, "Format of the answer (default table)")
      ->transform(one_of(formats))
      ->option_text("table|json|csv");
  command.add_option("--output,-o", options.output, "Write the answer to FILE instead of standard output")->option_text("FILE");
  command.add_flag("--quiet,-q", options.quiet, "No progress and no warnings on standard error");
}

void add_settings_option(CLI::App& command, CommonOptions& options) {
  command.add_option("--set", options.sets, "Change a key of the scenario, as parallel.tensor=4 (repeatable)")
      ->option_text("path.to.key=value")
      ->allow_extra_args(false)
      ->take_all();
}

std::vector<std::pair<std::string, std::string>> parse_settings(const std::vector<std::string>& texts, const char* option) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw InputError(fmt::format("{}: expected path.to.key=value, got '{}'", option, shown(text)));
    settings.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return settings;
}

void check_files(const std::vector<std::string>& files, const std::vector<std::string>& read) {
  if (std::all_of(files.begin(), files.end(), [](const std::string& file) { return file.empty(); })) return;
  std::vector<std::filesystem::path> sources;
  for (const std::string& path : read) {
    sources.emplace_back(path);
    if (!path.ends_with(".yaml") && !path.ends_with(".yml")) continue;
    for (std::filesystem::path& file : files_of_scenario(path)) sources.push_back(std::move(file));
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].empty()) continue;
    check_writable(files[i]);
    if (std::count(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(i), files[i]) > 0)
      throw InputError(fmt::format("{}: two answers cannot go to the same file", shown(files[i])));
    const auto same = [&](const std::filesystem::path& path) {
      std::error_code missing;
      return std::filesystem::equivalent(files[i], path, missing);
    };
    if (std::any_of(sources.begin(), sources.end(), same))
      throw InputError(fmt::format("{}: the answer would replace the file that it is read from", shown(files[i])));
  }
}

void deliver(const CommonOptions& options, const std::function<void(std::ostream&)>& write) {
  const auto styled = [&](std::ostream& out) {
    set_style(out, terminal_style(options));
    write(out);
  };
  if (!options.output.empty()) return write_file(options.output, styled);
  styled(std::cout);
  std::cout.flush();
  if (!std::cout) throw InputError("standard output cannot be written");
}

void deliver(const CommonOptions& options, const Grid& grid) {
  deliver(options, [&](std::ostream& out) {
    switch (options.format) {
      case Format::Table:
        return write_table(out, grid);
      case Format::Json:
        return write_json(out, grid);
      case Format::Csv:
        return write_csv(out, grid);
    }
  });
}

}  // namespace mfusim::app
