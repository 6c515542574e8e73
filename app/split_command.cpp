// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/scenario_argument.hpp"
#include "report/atomic_file.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/write_page.hpp"
#include "report/split.hpp"
#include "sim/scenario.hpp"
#include "sim/version.hpp"
#include "study/split.hpp"

#include <memory>
#include <ostream>

namespace mfusim::app {
namespace {

struct SplitCommand {
  CommonOptions common;
  std::string scenario;
  std::string report;
  bool whole_nodes = false;
  bool divide_batch = false;
};

void run(const SplitCommand& options) {
  if (!options.report.empty()) html::check_charts();
  check_files({options.report, options.common.output}, {options.scenario});
  check_scenario_argument(options.scenario);
  const Scenario scenario = load_scenario(options.scenario, parse_settings(options.common.sets));
  const SplitRules rules{.nodes = options.whole_nodes ? SplitRules::Nodes::Whole : SplitRules::Nodes::Any,
                         .batch = options.divide_batch ? SplitRules::Batch::Divides : SplitRules::Batch::Uneven};
  check_split(options.scenario, parse_settings(options.common.sets), scenario, rules);
  const Workload workload = load_workload(options.scenario, parse_settings(options.common.sets), scenario);
  const SplitReport report = split_towers(scenario, rules);
  const bool phased = workload.given();
  const WorkloadReport run_report = phased ? split_workload(scenario, workload, rules) : WorkloadReport{};
  if (!options.report.empty()) {
    write_file(options.report,
               [&](std::ostream& out) { html::write_page(out, html::split_page(report, run_report, version())); });
  }
  if (phased && options.common.format == Format::Json)
    return deliver(options.common, [&](std::ostream& out) { write_json(out, run_report); });
  switch (options.common.format) {
    case Format::Table:
      return deliver(options.common, [&](std::ostream& out) {
        write_table(out, report);
        if (phased) write_table(out, run_report);
      });
    case Format::Json:
      return deliver(options.common, [&](std::ostream& out) { write_json(out, report); });
    case Format::Csv:
      return deliver(options.common, split_curve_grid(report));
  }
}

}  // namespace

void add_split_command(CLI::App& app) {
  const auto options = std::make_shared<SplitCommand>();
  CLI::App* command =
      app.add_subcommand("split", "How many GPUs for the vision and how many for the text tower, or not to split");
  command->add_option("scenario", options->scenario, "Scenario file (YAML) of a two-tower model")
      ->required()
      ->option_text("SCENARIO");
  command->add_flag("--whole-nodes", options->whole_nodes, "Each tower has whole nodes");
  command->add_flag("--divide-batch", options->divide_batch, "Every rank of a tower holds equally many samples");
  command->add_option("--report", options->report, "Write the answer as one HTML page with charts, for a browser")
      ->option_text("FILE");
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->footer("Example: mfusim split scenarios/split-clip-l14-336-a100x64.yaml");
  command->callback([options] { run(*options); });
}

}  // namespace mfusim::app
