// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "base/count.hpp"
#include "base/input_error.hpp"
#include "report/atomic_file.hpp"
#include "sim/version.hpp"

#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <iostream>

namespace {

constexpr int answered = 0;
constexpr int fault_of_the_program = 1;
constexpr int wrong_input = 2;

/// Ctrl-C: no half-written file stays behind, and the shell sees that a signal ended the program.
void on_interrupt(int signal) {
  mfusim::remove_unfinished_file();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// CLI11 prints help and version as "errors" with exit code 0; everything else it refuses is wrong input.
int parse_outcome(const CLI::App& app, const CLI::ParseError& error) {
  return app.exit(error) == 0 ? answered : wrong_input;
}

int run(int argc, char** argv) {
  CLI::App app{"What a training step of a CLIP-style model or a transformer costs on a GPU cluster", "mfusim"};
  app.set_version_flag("--version", mfusim::version());
  app.require_subcommand(1);
  app.option_defaults()->always_capture_default(false);
  mfusim::app::add_flops_command(app);
  mfusim::app::add_run_command(app);
  mfusim::app::add_ablate_command(app);
  mfusim::app::add_explain_command(app);
  mfusim::app::add_sweep_command(app);
  mfusim::app::add_split_command(app);
  mfusim::app::add_diff_command(app);
  mfusim::app::add_plan_command(app);
  mfusim::app::add_import_command(app);
  mfusim::app::add_models_command(app);
  mfusim::app::add_hardware_command(app);
  mfusim::app::add_schema_command(app);
  mfusim::app::add_validate_command(app);
  mfusim::app::add_calibrate_command(app);
  try {
    app.parse(argc, argv);
    return answered;
  } catch (const CLI::ParseError& error) {
    return parse_outcome(app, error);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error message, not a crash
  try {
    return run(argc, argv);
  } catch (const mfusim::InputError& error) {
    std::cerr << error.what() << '\n';
    return wrong_input;
  } catch (const mfusim::CountOverflow& error) {
    std::cerr << "the numbers of this model are too large: " << error.what() << '\n';
    return wrong_input;
  } catch (const std::exception& error) {
    std::cerr << "mfusim failed: " << error.what() << '\n';
    return fault_of_the_program;
  }
}
