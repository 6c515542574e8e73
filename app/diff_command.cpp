// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "report/difference.hpp"
#include "sim/scenario_document.hpp"
#include "study/difference.hpp"

#include <memory>

namespace mfusim::app {
namespace {

struct DiffCommand {
  CommonOptions common;
  std::string first, second;
  std::vector<std::string> second_sets;
};

void diff(const DiffCommand& command) {
  const auto settings = parse_settings(command.common.sets);
  auto second_settings = settings;
  for (auto& setting : parse_settings(command.second_sets)) second_settings.push_back(std::move(setting));
  const std::string& second_path = command.second.empty() ? command.first : command.second;
  const Node first = load_scenario_document(command.first, settings).root;
  const Node second = load_scenario_document(second_path, second_settings).root;
  const Difference answer = difference(result_of(load_scenario(command.first, settings)), first,
                                       result_of(load_scenario(second_path, second_settings)), second);
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
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->callback([options] { diff(*options); });
}

}  // namespace mfusim::app
