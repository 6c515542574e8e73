// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/scenario_argument.hpp"
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
  std::string first, second;
  std::vector<std::string> second_sets;
  std::string report;
};

void diff(const DiffCommand& command) {
  if (!command.report.empty()) html::check_charts();
  check_files({command.report, command.common.output}, {command.first, command.second});
  const auto settings = parse_settings(command.common.sets);
  auto second_settings = settings;
  for (auto& setting : parse_settings(command.second_sets)) second_settings.push_back(std::move(setting));
  const std::string& second_path = command.second.empty() ? command.first : command.second;
  check_scenario_argument(command.first);
  check_scenario_argument(second_path);
  const Node first = load_scenario_document(command.first, settings).root;
  const Node second = load_scenario_document(second_path, second_settings).root;
  const Difference answer = difference(result_of(load_scenario(command.first, settings)), first,
                                       result_of(load_scenario(second_path, second_settings)), second);
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
  command->add_option("first", options->first, "Scenario file (YAML)")->required()->option_text("A");
  command->add_option("second", options->second, "Another one (default: the first, changed by --to)")->option_text("[B]");
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
