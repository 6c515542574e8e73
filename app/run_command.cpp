// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/scenario_argument.hpp"
#include "report/atomic_file.hpp"
#include "report/grids.hpp"
#include "report/html/run_page.hpp"
#include "report/html/write_page.hpp"
#include "report/json.hpp"
#include "report/table.hpp"
#include "report/trace.hpp"
#include "sim/build_step.hpp"
#include "sim/critical_path.hpp"
#include "sim/engine.hpp"
#include "sim/scenario.hpp"
#include "sim/summarize.hpp"

#include <iostream>
#include <memory>

namespace mfusim::app {
namespace {

struct RunOptions {
  CommonOptions common;
  ScenarioArgument scenario;
  std::string trace;
  std::string report;
  std::string trace_ranks;
  std::string graph;
};

/// Empty: all.
std::vector<int> selected_ranks(const RunOptions& options, const BuiltStep& step) {
  return options.trace_ranks.empty() ? std::vector<int>() : parse_ranks(options.trace_ranks, step.ranks);
}

void write_files(const RunOptions& options, const Scenario& scenario, const Work<Count>& work, const BuiltStep& step,
                 const Timeline& timeline, const Result& result) {
  if (!options.report.empty()) {
    write_file(options.report,
               [&](std::ostream& out) { html::write_page(out, html::run_page(result, scenario, step, timeline)); });
  }
  if (!options.trace.empty()) {
    const TraceOptions trace{.ranks = trace_ranks(result, scenario, step),
                             .memory = memory_timeline(scenario, work, step, timeline),
                             .selected = selected_ranks(options, step)};
    write_file(options.trace, [&](std::ostream& out) { write_trace(out, step, timeline, trace); });
  }
  if (!options.graph.empty()) {
    const auto label = [&](TaskId task) { return step.steps[step.graph.tasks[task].label].name; };
    write_file(options.graph, [&](std::ostream& out) { write_dot(out, step.graph, timeline, label); });
  }
}

void run(const RunOptions& options) {
  if (!options.report.empty()) html::check_charts();
  check_files({options.report, options.trace, options.graph, options.common.output}, {options.scenario.file});
  const Scenario scenario = read_scenario(load_argument(options.scenario, parse_settings(options.common.sets)));
  const Work<Count> work = micro_batch_work(scenario);
  const BuiltStep step = build_step(scenario, work);
  static_cast<void>(selected_ranks(options, step));  // what is wrong there is said before the long work
  const Timeline timeline = simulate(step.graph);
  const Result result = summarize(scenario, work, step, timeline);
  write_files(options, scenario, work, step, timeline, result);
  switch (options.common.format) {
    case Format::Table:
      return deliver(options.common, [&](std::ostream& out) { write_table(out, result); });
    case Format::Json:
      return deliver(options.common, [&](std::ostream& out) { write_json(out, result); });
    case Format::Csv:
      return deliver(options.common, result_grid(result));
  }
}

}  // namespace

void add_run_command(CLI::App& app) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "One training step: time, MFU, where the time goes, memory");
  add_scenario_argument(*command, options->scenario);
  command->add_option("--report", options->report, "Write the answer as one HTML page with charts, for a browser")
      ->option_text("FILE");
  command->add_option("--trace", options->trace, "Write the timeline as a Chrome trace, which Perfetto opens")
      ->option_text("FILE");
  command->add_option("--trace-ranks", options->trace_ranks, "Only these simulated ranks in --trace, as 0,3-5 (default: all)")
      ->option_text("LIST")
      ->needs("--trace");
  command->add_option("--graph", options->graph, "Write the task graph in Graphviz's DOT language, its critical path in red")
      ->option_text("FILE");
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->footer("Example: mfusim run scenarios/clip-l14-336-a100x8.yaml --set training.micro_batch=32 --report step.html");
  command->callback([options] { run(*options); });
}

}  // namespace mfusim::app
