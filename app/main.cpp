// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/help.hpp"
#include "app/usage_error.hpp"
#include "base/count.hpp"
#include "base/input_error.hpp"
#include "report/atomic_file.hpp"
#include "sim/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <vector>

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

/// CLI11 gives help and version as "errors" with exit code 0; everything else it refuses is wrong input.
int parse_outcome(const CLI::App& app, const std::vector<std::string>& arguments, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {
    app.exit(error);
    if (std::cout.flush()) return answered;
    throw mfusim::InputError("standard output cannot be written");
  }
  std::cerr << mfusim::app::usage_error(app, arguments, error);
  return wrong_input;
}

/// `mfusim help` and `mfusim help run` are `mfusim --help` and `mfusim run --help`.
std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (arguments.empty() || arguments.front() != "help") return arguments;
  arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
  return arguments;
}

void add_commands(CLI::App& app) {
  using namespace mfusim::app;
  const auto group = [&app](const char* name, std::initializer_list<void (*)(CLI::App&)> commands) {
    for (const auto add : commands) add(app);
    for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
      if (command->get_group() == "Subcommands") command->group(name);  // CLI11's word for: in no group yet
    }
  };
  group("One training step", {add_run_command, add_explain_command, add_diff_command});
  group("Many of them", {add_sweep_command, add_plan_command, add_split_command, add_ablate_command});
  group("What it is made of", {add_flops_command, add_models_command, add_hardware_command});
  group("Trust and tools", {add_validate_command, add_calibrate_command, add_import_command, add_schema_command});
}

/// A file without a name is a slip (an unset variable of a script), not a file that was not asked for.
void refuse_nameless_files(CLI::App& app) {
  const auto named = [](const std::string& name) { return name.empty() ? "expected the name of a file, got ''" : ""; };
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_option_text() == "FILE") option->check(named, "");
    }
  }
}

int run(int argc, char** argv) {
  CLI::App app{"What a training step of a CLIP-style model or a transformer costs on a GPU cluster, and where its time goes.",
               "mfusim"};
  app.set_version_flag("--version", mfusim::version());
  app.require_subcommand(1);
  app.option_defaults()->always_capture_default(false);
  const auto formatter = std::make_shared<mfusim::app::HelpFormatter>();
  formatter->label("Positionals", "Arguments");
  app.formatter(formatter);
  app.footer("`mfusim COMMAND --help` explains a command. To begin: mfusim run scenarios/clip-l14-336-a100x8.yaml");
  add_commands(app);
  refuse_nameless_files(app);
  const std::vector<std::string> arguments = arguments_of(argc, argv);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes the last one first
    return answered;
  } catch (const CLI::ParseError& error) {
    return parse_outcome(app, arguments, error);
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
  } catch (const std::bad_alloc&) {
    std::cerr << "not enough memory for this question: a smaller step (a larger training.micro_batch, fewer layers) needs less\n";
    return wrong_input;
  } catch (const std::exception& error) {
    std::cerr << "mfusim failed: " << error.what() << '\n';
    return fault_of_the_program;
  }
}
