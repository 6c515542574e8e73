// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/scenario_argument.hpp"
#include "base/input_error.hpp"
#include "model/flops_report.hpp"
#include "model/parameter_study.hpp"
#include "model/read_model.hpp"
#include "model/symbolic.hpp"
#include "report/atomic_file.hpp"
#include "report/grids.hpp"
#include "report/html/flops_page.hpp"
#include "report/html/write_page.hpp"
#include "report/json.hpp"
#include "report/table.hpp"
#include "sim/version.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <optional>

namespace mfusim::app {
namespace {

struct FlopsOptions {
  CommonOptions common;
  std::string model;
  std::int64_t batch = 1;
  std::optional<std::int64_t> image_size;
  std::optional<std::int64_t> text_length;
  std::string convention = "all";
  std::optional<FlopsDetail> detail;
  bool symbolic = false;
  std::vector<std::string> variables;
  bool vs_parameters = false;
  std::string report;
};

std::int64_t positive(const std::string& option, std::int64_t value) {
  if (value < 1) throw InputError(fmt::format("{}: expected a positive integer, got '{}'", option, value));
  return value;
}

InputShape input_shape(const FlopsOptions& options) {
  InputShape shape;
  shape.batch = positive("--batch", options.batch);
  if (options.image_size) shape.image_size = positive("--image-size", *options.image_size);
  if (options.text_length) shape.text_length = positive("--text-length", *options.text_length);
  return shape;
}

void compare_with_parameters(const FlopsOptions& options) {
  const std::vector<std::string> models = options.model.empty() ? contrastive_models() : std::vector{options.model};
  const ParameterStudy study = parameters_against_operations(models, input_shape(options), convention_of(options.convention));
  if (options.common.format != Format::Table) return deliver(options.common, parameter_study_grid(study));
  deliver(options.common, [&](std::ostream& out) { write_table(out, study); });
}

void print_formula(const FlopsOptions& options) {
  const ModelSpec model = load_model(options.model);
  const std::string formula =
      symbolic_formula(model, input_shape(options), options.variables, FormulaOf::Forward, convention_of(options.convention));
  if (options.common.format == Format::Table) return deliver(options.common, [&](std::ostream& out) { out << formula << '\n'; });
  deliver(options.common, Grid{{{"model", "model"}, {"forward_formula", "forward"}}, {{model.name, formula}}});
}

void print_counts(const FlopsOptions& options) {
  const FlopsReport report = count_flops(load_model(options.model), input_shape(options), convention_of(options.convention));
  if (!options.report.empty())
    write_file(options.report, [&](std::ostream& out) { html::write_page(out, html::flops_page(report, version())); });
  const FlopsDetail detail = options.detail.value_or(FlopsDetail::Tower);
  switch (options.common.format) {
    case Format::Json:
      return deliver(options.common, [&](std::ostream& out) { write_json(out, report, detail); });
    case Format::Csv:
      return deliver(options.common, flops_grid(report, detail));
    case Format::Table:
      break;
  }
  if (options.detail) return deliver(options.common, flops_grid(report, detail));
  deliver(options.common, [&](std::ostream& out) { write_table(out, report); });
}

void check_report(const FlopsOptions& options) {
  if (options.report.empty()) return;
  if (options.vs_parameters || options.symbolic || !options.variables.empty())
    throw InputError("--report: shows the operations of a model, not --symbolic, --variables or --vs-parameters");
  html::check_charts();
}

void flops(const FlopsOptions& options) {
  check_model_argument(options.model);
  check_report(options);
  check_files({options.report, options.common.output}, {options.model});
  if (options.vs_parameters) return compare_with_parameters(options);
  if (options.model.empty())
    throw InputError("flops: expected a MODEL: a catalog name (see `mfusim models`) or the path of a config.json");
  if (options.symbolic || !options.variables.empty()) return print_formula(options);
  print_counts(options);
}

}  // namespace

void add_flops_command(CLI::App& app) {
  const auto options = std::make_shared<FlopsOptions>();
  const std::vector<std::pair<std::string, FlopsDetail>> details{
      {"tower", FlopsDetail::Tower}, {"layer", FlopsDetail::Layer}, {"operator", FlopsDetail::Operator}};
  CLI::App* command = app.add_subcommand("flops", "Operations, parameters and bytes of a model, forward and backward");
  command->add_option("model", options->model, "Catalog name (see `mfusim models`), or the path of a config.json")
      ->option_text("MODEL");
  command->add_option("--batch", options->batch, "Samples: image-text pairs, or sequences (default 1)")->option_text("N");
  command->add_option("--image-size", options->image_size, "Pixels of an image's side (default: the model's)")->option_text("N");
  command->add_option("--text-length,--sequence-length", options->text_length, "Tokens of a text (default: the model's)")
      ->option_text("N");
  command->add_option("--by", options->detail, "One row a tower, layer or operator")
      ->transform(one_of(details))
      ->option_text("tower|layer|operator");
  command
      ->add_option(
          "--convention", options->convention,
          "What counts: all (every addition and multiplication), mac, matmul (2 a multiply-add), model (MFU's numerator)")
      ->option_text("all|mac|matmul|model");
  command->add_flag("--symbolic", options->symbolic, "The forward total as a formula of widths, MLP widths and layers");
  command->add_option("--variables", options->variables, "The formula over these hyper-parameters, as id,il,tl")
      ->delimiter(',')
      ->option_text("NAME,...");
  command->add_flag("--vs-parameters", options->vs_parameters,
                    "Parameters against operations over the catalog's contrastive models");
  command->add_option("--report", options->report, "Write the answer as one HTML page with charts, for a browser")
      ->option_text("FILE");
  add_common_options(*command, options->common);
  command->footer("Example: mfusim flops openai/clip-vit-large-patch14-336 --batch 128 --text-length 64");
  command->callback([options] { flops(*options); });
}

}  // namespace mfusim::app
