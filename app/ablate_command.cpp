// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/scenario_argument.hpp"
#include "report/ablation.hpp"
#include "report/atomic_file.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/write_page.hpp"
#include "study/ablate.hpp"

#include <memory>

namespace mfusim::app {
namespace {

struct AblateOptions {
  CommonOptions common;
  std::string scenario;
  std::string report;
};

void ablate_scenario(const AblateOptions& options) {
  if (!options.report.empty()) html::check_charts();
  check_files({options.report, options.common.output}, {options.scenario});
  check_scenario_argument(options.scenario);
  const AblationReport report = ablate(load_ablation(options.scenario, parse_settings(options.common.sets)));
  if (!options.report.empty())
    write_file(options.report, [&](std::ostream& out) { html::write_page(out, html::ablate_page(report)); });
  switch (options.common.format) {
    case Format::Table:
      return deliver(options.common, [&](std::ostream& out) { write_table(out, report); });
    case Format::Json:
      return deliver(options.common, [&](std::ostream& out) { write_json(out, report); });
    case Format::Csv:
      return deliver(options.common, ablation_grid(report));
  }
}

}  // namespace

void add_ablate_command(CLI::App& app) {
  const auto options = std::make_shared<AblateOptions>();
  CLI::App* command = app.add_subcommand(
      "ablate", "Techniques added one after another: the steps of the scenario's `ablation:` block, or MegaScale's eight");
  command->add_option("scenario", options->scenario, "Scenario file (YAML)")->required()->option_text("SCENARIO");
  command->add_option("--report", options->report, "Write the answer as one HTML page with charts, for a browser")
      ->option_text("FILE");
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->footer("Example: mfusim ablate scenarios/ablation-175b-a100x256.yaml --report ablation.html");
  command->callback([options] { ablate_scenario(*options); });
}

}  // namespace mfusim::app
