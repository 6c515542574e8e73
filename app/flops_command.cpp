// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "base/input_error.hpp"
#include "model/build_work.hpp"
#include "model/flops_report.hpp"
#include "model/read_model.hpp"
#include "model/symbolic.hpp"
#include "report/json.hpp"
#include "report/table.hpp"

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
  bool symbolic = false;
};

std::int64_t positive(const std::string& option, std::int64_t value) {
  if (value < 1) throw InputError(option + ": expected a positive integer, got '" + std::to_string(value) + "'");
  return value;
}

InputShape input_shape(const FlopsOptions& options) {
  InputShape shape;
  shape.batch = positive("--batch", options.batch);
  if (options.image_size) shape.image_size = positive("--image-size", *options.image_size);
  if (options.text_length) shape.text_length = positive("--text-length", *options.text_length);
  return shape;
}

void flops(const FlopsOptions& options) {
  const ModelSpec model = load_model(options.model);
  const InputShape shape = input_shape(options);
  if (options.symbolic) {
    return deliver(options.common, [&](std::ostream& out) { out << symbolic_formula(model, shape) << '\n'; });
  }
  const FlopsReport report = count_flops(model, shape);
  deliver(options.common,
          [&](std::ostream& out) { options.common.format == Format::Json ? write_json(out, report) : write_table(out, report); });
}

}  // namespace

void add_flops_command(CLI::App& app) {
  const auto options = std::make_shared<FlopsOptions>();
  CLI::App* command = app.add_subcommand("flops", "Operations and parameters of a model, forward and backward, by tower");
  command->add_option("model", options->model, "Catalog name (see `mfusim models`), or the path of a config.json")
      ->required()
      ->option_text("MODEL");
  command->add_option("--batch", options->batch, "Samples: image-text pairs, or sequences (default 1)")->option_text("N");
  command->add_option("--image-size", options->image_size, "Pixels of an image's side (default: the model's)")->option_text("N");
  command->add_option("--text-length,--sequence-length", options->text_length, "Tokens of a text (default: the model's)")
      ->option_text("N");
  command->add_flag("--symbolic", options->symbolic, "Print the forward total as a formula of the hyper-parameters");
  add_common_options(*command, options->common);
  command->callback([options] { flops(*options); });
}

}  // namespace mfusim::app
