// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/scenario_argument.hpp"
#include "base/input_error.hpp"
#include "report/atomic_file.hpp"
#include "report/difference.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/write_page.hpp"
#include "sim/scenario_document.hpp"
#include "study/difference.hpp"

#include <memory>

namespace mfusim::app {
namespace {

struct DiffCommand {
  CommonOptions common;
  ScenarioArgument first, second;
  std::vector<std::string> second_sets;
  std::string report;
};

/// What is not said of the second is as in the first.
ScenarioArgument second_argument(const DiffCommand& command) {
  if (!command.second.file.empty()) return command.second;
  return {command.first.file, command.second.case_id.empty() ? command.first.case_id : command.second.case_id};
}

/// What `ask` says; what is wrong in a change that --to made is told with that option.
template <class Ask>
auto told_of_second(const DiffCommand& command, Ask ask) {
  try {
    return ask();
  } catch (const InputError& error) {
    const std::string text = error.what();
    for (const auto& [key, value] : parse_settings(command.second_sets, "--to")) {
      const std::string blamed = "--set " + shown(key);
      if (text.starts_with(blamed)) throw InputError("--to " + shown(key) + text.substr(blamed.size()));
    }
    throw;
  }
}

void diff(const DiffCommand& command) {
  if (!command.report.empty()) html::check_charts();
  check_files({command.report, command.common.output}, {command.first.file, command.second.file});
  const auto settings = parse_settings(command.common.sets);
  auto second_settings = settings;
  for (auto& setting : parse_settings(command.second_sets, "--to")) second_settings.push_back(std::move(setting));
  const ScenarioDocument first = load_argument(command.first, settings);
  const ScenarioDocument second =
      told_of_second(command, [&] { return load_argument(second_argument(command), second_settings); });
  const Scenario changed = told_of_second(command, [&] { return read_scenario(second); });
  const Difference answer = difference(result_of(read_scenario(first)), first.root, result_of(changed), second.root);
  if (!command.report.empty())
    write_file(command.report, [&](std::ostream& out) { html::write_page(out, html::diff_page(answer)); });
  switch (command.common.format) {
    case Format::Table:
      return deliver(command.common, [&](std::ostream& out) { write_table(out, answer); });
    case Format::Json:
      return deliver(command.common, [&](std::ostream& out) { write_json(out, answer); });
    case Format::Csv:
      return deliver(command.common, difference_grid(answer));
  }
}

}  // namespace

void add_diff_command(CLI::App& app) {
  const auto options = std::make_shared<DiffCommand>();
  CLI::App* command = app.add_subcommand("diff", "What separates two runs: settings, and the difference of their times by cause");
  command->add_option("first", options->first.file, "Scenario file (YAML)")->required()->option_text("A");
  command->add_option("second", options->second.file, "Another one (default: the first, changed by --to)")->option_text("[B]");
  command->add_option("--case", options->first.case_id, "The case of A with this id, of a file that holds many under `cases:`")
      ->option_text("ID");
  command->add_option("--to-case", options->second.case_id, "The case of B; without B, another one of A")->option_text("ID");
  command->add_option("--to", options->second_sets, "Change a key of the second alone (repeatable)")
      ->option_text("path.to.key=value")
      ->allow_extra_args(false)
      ->take_all();
  command->add_option("--report", options->report, "Write the answer as one HTML page with charts, for a browser")
      ->option_text("FILE");
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->footer("Example: mfusim diff scenarios/clip-l14-336-a100x8.yaml --to parallel.zero=2");
  command->callback([options] { diff(*options); });
}

}  // namespace mfusim::app
