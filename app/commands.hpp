// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace mfusim::app {

enum class Format { Table, Json, Csv };

/// Options that every command has.
struct CommonOptions {
  Format format = Format::Table;
  std::string output;             ///< A file instead of standard output; empty: standard output.
  std::vector<std::string> sets;  ///< `path.to.key=value`.
  bool quiet = false;
};

/// One of a few words, as an enum for CLI11; another word is refused with the list of them.
template <class E>
[[nodiscard]] CLI::Validator one_of(std::vector<std::pair<std::string, E>> choices) {
  return {[choices = std::move(choices)](std::string& word) {
            std::string known;
            for (const auto& [name, value] : choices) {
              if (name == word) {
                word = std::to_string(static_cast<int>(value));
                return std::string();
              }
              known += (known.empty() ? "" : ", ") + name;
            }
            return "expected one of " + known + ", got '" + word + "'";
          },
          ""};
}

/// Adds `--format`, `--output` and `--quiet`.
void add_common_options(CLI::App& command, CommonOptions& options);
/// Adds `--set`.
void add_settings_option(CLI::App& command, CommonOptions& options);

/// Splits `path.to.key=value`. Throws InputError on anything else, which it tells with the `option`.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_settings(const std::vector<std::string>& texts,
                                                                              const char* option = "--set");

/// Gives the answer to standard output, or to the file of `--output`.
void deliver(const CommonOptions& options, const std::function<void(std::ostream&)>& write);
/// The same for an answer of rows and columns, in the format asked for.
void deliver(const CommonOptions& options, const Grid& grid);

/// Before long work: throws InputError where one of the files (empty: not asked for) cannot be written, two are the same, or one
/// would replace a file that is `read`, or one that such a scenario is built on.
void check_files(const std::vector<std::string>& files, const std::vector<std::string>& read);

/// Each adds its subcommand and what it does when it is chosen.
void add_ablate_command(CLI::App& app);
void add_explain_command(CLI::App& app);
void add_flops_command(CLI::App& app);
void add_run_command(CLI::App& app);
void add_split_command(CLI::App& app);
void add_models_command(CLI::App& app);
void add_hardware_command(CLI::App& app);
void add_schema_command(CLI::App& app);
void add_sweep_command(CLI::App& app);
void add_diff_command(CLI::App& app);
void add_plan_command(CLI::App& app);
void add_import_command(CLI::App& app);
void add_validate_command(CLI::App& app);
void add_calibrate_command(CLI::App& app);

}  // namespace mfusim::app
