// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "base/document.hpp"
#include "base/input_error.hpp"
#include "hardware/calibrate.hpp"
#include "hardware/validate_points.hpp"
#include "report/atomic_file.hpp"
#include "report/grids.hpp"
#include "report/html/validation_page.hpp"
#include "report/html/write_page.hpp"
#include "report/json.hpp"
#include "report/table.hpp"
#include "report/validation.hpp"
#include "sim/version.hpp"
#include "study/validate_scenarios.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

namespace mfusim::app {
namespace {

struct PointsOptions {
  CommonOptions common;
  std::string file;
  std::string gpu;
};

struct ValidateOptions {
  CommonOptions common;
  std::vector<std::string> paths;
  std::string case_id;
  std::string report;
};

void validate_points_file(const CommonOptions& common, const std::string& file) {
  const PointsReport report = validate_points(read_file(file), file);
  switch (common.format) {
    case Format::Table:
      return deliver(common, [&](std::ostream& out) { write_table(out, report); });
    case Format::Json:
      return deliver(common, [&](std::ostream& out) { write_json(out, report); });
    case Format::Csv:
      return deliver(common, points_grid(report));
  }
}

/// What was named, or the collection that the sources hold.
std::vector<std::filesystem::path> scenario_paths(const std::vector<std::string>& named) {
  if (!named.empty()) return {named.begin(), named.end()};
  const std::filesystem::path shipped = "scenarios/published";
  if (std::filesystem::is_directory(shipped)) return {shipped};
  throw InputError(
      fmt::format("validate: no PATH given, and {}/ of the source tree is not below the working directory", shipped.string()));
}

/// Standard error, one line that writes over itself; nothing unless a person watches.
std::function<void(std::size_t)> progress_line(const CommonOptions& common, std::size_t cases) {
  if (common.quiet || isatty(STDERR_FILENO) == 0) return {};
  return [cases](std::size_t done) { std::cerr << fmt::format("\r{} of {} cases{}", done, cases, done == cases ? "\n" : ""); };
}

/// Throws after the answer is given where a case did not run: the exit code says that the table has holes.
void report_failures(const ValidationReport& report) {
  const auto failed = [](const ValidationRow& row) { return !row.failure.empty(); };
  const auto first = std::find_if(report.rows.begin(), report.rows.end(), failed);
  if (first == report.rows.end()) return;
  throw InputError(fmt::format("validate: {} of {} cases did not run, the first is {}: {}",
                               std::count_if(first, report.rows.end(), failed), report.rows.size(), first->id, first->failure));
}

void validate_scenarios(const ValidateOptions& options) {
  std::vector<CaseDocument> cases = find_measured_cases(scenario_paths(options.paths));
  if (!options.case_id.empty()) cases = {find_case(cases, options.case_id)};
  const ValidationReport report =
      validate_cases(cases, parse_settings(options.common.sets), progress_line(options.common, cases.size()));
  if (!options.report.empty())
    write_file(options.report, [&](std::ostream& out) { html::write_page(out, html::validation_page(report, version())); });
  switch (options.common.format) {
    case Format::Table:
      deliver(options.common, [&](std::ostream& out) { write_table(out, report); });
      break;
    case Format::Json:
      deliver(options.common, [&](std::ostream& out) { write_json(out, report); });
      break;
    case Format::Csv:
      deliver(options.common, validation_grid(report));
      break;
  }
  report_failures(report);
}

void validate(const ValidateOptions& options) {
  if (!options.report.empty()) html::check_charts();
  check_files({options.report, options.common.output}, options.paths);
  const auto is_points = [](const std::string& path) { return path.ends_with(".csv"); };
  const auto points = std::count_if(options.paths.begin(), options.paths.end(), is_points);
  if (points == 0) return validate_scenarios(options);
  if (options.paths.size() > 1) throw InputError("validate: a points file (*.csv) stands alone, without other paths");
  if (!options.report.empty()) throw InputError("validate: --report shows scenarios, not a points file");
  if (!options.common.sets.empty()) throw InputError("validate: --set changes scenarios; a points file has none");
  if (!options.case_id.empty()) throw InputError("validate: --case takes one of many scenarios; a points file has none");
  validate_points_file(options.common, options.paths.front());
}

/// The entry goes to standard output (or --output), what the fits left over to standard error.
void calibrate_gpu(const PointsOptions& options) {
  check_files({options.common.output}, {options.file});
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
  const auto options = std::make_shared<ValidateOptions>();
  CLI::App* command = app.add_subcommand(
      "validate",
      "Predicted against measured: scenarios with a `measured:` block, or a CSV of kernel and collective measurements");
  command
      ->add_option("paths", options->paths,
                   "Scenario files, folders of them, or one points file with the columns of hardware/measurements/*.csv; "
                   "without any, scenarios/published of the source tree")
      ->option_text("PATH...");
  command->add_option("--case", options->case_id, "Only the run with this id, with its source and what was assumed")
      ->option_text("ID");
  command->add_option("--report", options->report, "Write the answer as one HTML page with charts, for a browser")
      ->option_text("FILE");
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->callback([options] { validate(*options); });
}

void add_calibrate_command(CLI::App& app) {
  const auto options = std::make_shared<PointsOptions>();
  CLI::App* command = app.add_subcommand("calibrate", "Fit a GPU's catalog entry to measurements of your own; prints the YAML");
  command->add_option("file", options->file, "Points file with the columns of hardware/measurements/*.csv")
      ->required()
      ->option_text("POINTS.csv");
  command->add_option("--gpu", options->gpu, "The catalog entry to fit")->required()->option_text("NAME");
  command->add_option("--output,-o", options->common.output, "Write to FILE instead of standard output")->option_text("FILE");
  command->add_flag("--quiet,-q", options->common.quiet, "Not what the fits left over, on standard error");
  command->callback([options] { calibrate_gpu(*options); });
}

}  // namespace mfusim::app
