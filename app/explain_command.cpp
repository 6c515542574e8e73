// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/scenario_argument.hpp"
#include "report/atomic_file.hpp"
#include "report/explanation.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/write_page.hpp"
#include "study/explain.hpp"

#include <memory>

namespace mfusim::app {
namespace {

struct ExplainOptions {
  CommonOptions common;
  ScenarioArgument scenario;
  std::string report;
};

void explain_scenario(const ExplainOptions& options) {
  if (!options.report.empty()) html::check_charts();
  check_files({options.report, options.common.output}, {options.scenario.file});
  const Explanation explanation = explain(load_argument(options.scenario, parse_settings(options.common.sets)));
  if (!options.report.empty())
    write_file(options.report, [&](std::ostream& out) { html::write_page(out, html::explain_page(explanation)); });
  switch (options.common.format) {
    case Format::Table:
      return deliver(options.common, [&](std::ostream& out) { write_table(out, explanation); });
    case Format::Json:
      return deliver(options.common, [&](std::ostream& out) { write_json(out, explanation); });
    case Format::Csv:
      return deliver(options.common, levers_grid(explanation));
  }
}

}  // namespace

void add_explain_command(CLI::App& app) {
  const auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand(
      "explain", "Where the time goes, in sentences, and what each single change of machine, batch or software would buy");
  add_scenario_argument(*command, options->scenario);
  command->add_option("--report", options->report, "Write the answer as one HTML page with charts, for a browser")
      ->option_text("FILE");
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->footer("Example: mfusim explain scenarios/eva02-bige-h800x64.yaml");
  command->callback([options] { explain_scenario(*options); });
}

}  // namespace mfusim::app
