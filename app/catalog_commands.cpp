// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "hardware/network.hpp"
#include "model/read_model.hpp"
#include "report/catalog.hpp"
#include "sim/stack.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>

namespace mfusim::app {

void add_models_command(CLI::App& app) {
  const auto options = std::make_shared<CommonOptions>();
  CLI::App* command = app.add_subcommand("models", "The model catalog: every name that a scenario or `mfusim flops` may use");
  add_common_options(*command, *options);
  command->callback([options] {
    const NameList names{{"models", model_names()}};
    deliver(*options,
            [&](std::ostream& out) { options->format == Format::Json ? write_names_json(out, names) : write_names(out, names); });
  });
}

void add_hardware_command(CLI::App& app) {
  const auto options = std::make_shared<CommonOptions>();
  CLI::App* command =
      app.add_subcommand("hardware", "The hardware catalog: GPUs, networks and software stacks that a scenario may name");
  add_common_options(*command, *options);
  command->callback([options] {
    const NameList names{{"gpus", gpu_names()}, {"networks", network_names()}, {"stacks", stack_names()}};
    deliver(*options,
            [&](std::ostream& out) { options->format == Format::Json ? write_names_json(out, names) : write_names(out, names); });
  });
}

}  // namespace mfusim::app
