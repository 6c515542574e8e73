// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/progress_line.hpp"
#include "app/scenario_argument.hpp"
#include "base/input_error.hpp"
#include "report/plan.hpp"
#include "sim/scenario_document.hpp"
#include "study/plan_question.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <thread>

namespace mfusim::app {
namespace {

struct PlanCommand {
  CommonOptions common;
  std::string scenario;
  std::string axis = "cluster.gpus";
  std::optional<double> samples, tokens, days;
};

void positive(const char* option, const std::optional<double>& value) {
  if (value && !(*value > 0 && std::isfinite(*value)))
    throw InputError(fmt::format("{}: expected a positive number, got '{}'", option, *value));
}

PlanQuestion question_of(const PlanCommand& command) {
  positive("--samples", command.samples);
  positive("--tokens", command.tokens);
  positive("--days", command.days);
  if (command.samples && command.tokens) throw InputError("--tokens: given together with --samples: one of them");
  if (command.days && !command.samples && !command.tokens) throw InputError("--days: needs --samples or --tokens");
  return {
      .axis = command.axis, .samples = command.samples.value_or(0), .tokens = command.tokens.value_or(0), .days = command.days};
}

void plan(const PlanCommand& command) {
  check_files({command.common.output}, {command.scenario});
  check_scenario_argument(command.scenario);
  const Node document = load_scenario_document(command.scenario, parse_settings(command.common.sets)).root;
  const SweepSpace space = read_sweep_space(document, command.scenario, Limited::No, command.axis);
  SweepOptions options;
  options.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  options.top = 1;
  options.pruning = Pruning::On;
  const PlanAnswer answer = answer_plan(space, question_of(command), options, progress_line(command.common, "configurations"));
  switch (command.common.format) {
    case Format::Table:
      return deliver(command.common, [&](std::ostream& out) { write_table(out, answer); });
    case Format::Json:
      return deliver(command.common, [&](std::ostream& out) { write_json(out, answer); });
    case Format::Csv:
      return deliver(command.common, plan_grid(answer));
  }
}

}  // namespace

void add_plan_command(CLI::App& app) {
  const auto options = std::make_shared<PlanCommand>();
  CLI::App* command = app.add_subcommand(
      "plan",
      "How much is enough: fewest GPUs for so many samples in so many days, cheapest GPU, largest batch or model that fits");
  command->add_option("scenario", options->scenario, "Scenario file (YAML), with a sweep block or a plan that is open in part")
      ->required()
      ->option_text("SCENARIO");
  command->add_option("--axis", options->axis, "The axis of the sweep that is asked about (default cluster.gpus)")
      ->option_text("KEY");
  command->add_option("--samples", options->samples, "Samples to train on")->option_text("N");
  command->add_option("--tokens", options->tokens, "The same in tokens of a language model")->option_text("N");
  command->add_option("--days", options->days, "In at most so many days")->option_text("DAYS");
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->footer("Example: mfusim plan scenarios/sweep-clip-l14-336.yaml --samples 12.8e9 --days 20");
  command->callback([options] { plan(*options); });
}

}  // namespace mfusim::app
