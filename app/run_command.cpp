// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "report/atomic_file.hpp"
#include "report/grids.hpp"
#include "report/json.hpp"
#include "report/table.hpp"
#include "report/trace.hpp"
#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/scenario.hpp"
#include "sim/summarize.hpp"

#include <iostream>
#include <memory>

namespace mfusim::app {
namespace {

struct RunOptions {
  CommonOptions common;
  std::string scenario;
  std::string trace;
  std::string graph;
};

void write_files(const RunOptions& options, const Scenario& scenario, const Work<Count>& work, const BuiltStep& step,
                 const Timeline& timeline) {
  if (!options.trace.empty()) {
    const std::vector<MemoryPoint> memory = memory_timeline(scenario, work, step, timeline);
    write_file(options.trace, [&](std::ostream& out) { write_trace(out, step, timeline, memory); });
  }
  if (!options.graph.empty()) {
    const auto label = [&](TaskId task) { return step.steps[step.graph.tasks[task].label].name; };
    write_file(options.graph, [&](std::ostream& out) { write_dot(out, step.graph, label); });
  }
}

void run(const RunOptions& options) {
  for (const std::string& file : {options.trace, options.graph, options.common.output}) {
    if (!file.empty()) check_writable(file);
  }
  const Scenario scenario = load_scenario(options.scenario, parse_settings(options.common.sets));
  const Work<Count> work = micro_batch_work(scenario);
  const BuiltStep step = build_step(scenario, work);
  const Timeline timeline = simulate(step.graph);
  const Result result = summarize(scenario, work, step, timeline);
  write_files(options, scenario, work, step, timeline);
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
  command->add_option("scenario", options->scenario, "Scenario file (YAML)")->required()->option_text("SCENARIO");
  command->add_option("--trace", options->trace, "Write the timeline as a Chrome trace, which Perfetto opens")
      ->option_text("FILE");
  command->add_option("--graph", options->graph, "Write the task graph in Graphviz's DOT language")->option_text("FILE");
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->callback([options] { run(*options); });
}

}  // namespace mfusim::app
