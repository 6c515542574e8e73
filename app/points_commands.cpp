// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "base/document.hpp"
#include "base/input_error.hpp"
#include "hardware/calibrate.hpp"
#include "hardware/validate_points.hpp"
#include "report/grids.hpp"
#include "report/json.hpp"
#include "report/table.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>

namespace mfusim::app {
namespace {

struct PointsOptions {
  CommonOptions common;
  std::string file;
  std::string gpu;
};

void validate(const PointsOptions& options) {
  if (!options.file.ends_with(".csv")) {
    throw InputError(fmt::format(
        "validate: expected a points file (*.csv), got '{}'; scenarios are not validated by this version", shown(options.file)));
  }
  const PointsReport report = validate_points(read_file(options.file), options.file);
  switch (options.common.format) {
    case Format::Table:
      return deliver(options.common, [&](std::ostream& out) { write_table(out, report); });
    case Format::Json:
      return deliver(options.common, [&](std::ostream& out) { write_json(out, report); });
    case Format::Csv:
      return deliver(options.common, points_grid(report));
  }
}

/// The entry goes to standard output (or --output), what the fits left over to standard error.
void calibrate_gpu(const PointsOptions& options) {
  const Calibration calibration = calibrate(read_file(options.file), options.file, options.gpu);
  deliver(options.common, [&](std::ostream& out) { out << calibration.yaml; });
  if (options.common.quiet) return;
  for (const FittedPart& part : calibration.parts) {
    std::cerr << fmt::format("{}: {} points, absolute error median {:.1f} %, p90 {:.1f} % ({})\n", part.path,
                             part.residuals.points, 100 * part.residuals.median, 100 * part.residuals.p90, part.reference);
  }
}

}  // namespace

void add_validate_command(CLI::App& app) {
  const auto options = std::make_shared<PointsOptions>();
  CLI::App* command = app.add_subcommand(
      "validate", "Predicted against measured: a CSV of GEMM, attention or collective measurements of your own");
  command->add_option("file", options->file, "Points file with the columns of hardware/measurements/*.csv")
      ->required()
      ->option_text("POINTS.csv");
  add_common_options(*command, options->common);
  command->callback([options] { validate(*options); });
}

void add_calibrate_command(CLI::App& app) {
  const auto options = std::make_shared<PointsOptions>();
  CLI::App* command = app.add_subcommand("calibrate", "Fit a GPU's catalog entry to measurements of your own; prints the YAML");
  command->add_option("file", options->file, "Points file with the columns of hardware/measurements/*.csv")
      ->required()
      ->option_text("POINTS.csv");
  command->add_option("--gpu", options->gpu, "The catalog entry to fit")->required()->option_text("NAME");
  add_common_options(*command, options->common);
  command->callback([options] { calibrate_gpu(*options); });
}

}  // namespace mfusim::app
