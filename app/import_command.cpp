// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "base/document.hpp"
#include "base/input_error.hpp"
#include "sim/scenario.hpp"
#include "study/megatron_arguments.hpp"

#include <fmt/format.h>

#include <memory>

namespace mfusim::app {
namespace {

struct ImportCommand {
  CommonOptions common;
  std::string file, gpu, network;
};

/// Throws InputError where `key` of `section` is neither in the arguments nor set: `hint` says how to say it.
void require(const ImportCommand& command, const Node& document, const char* section, const char* key, const char* hint) {
  const Node* in = document.find(section);
  if (in != nullptr && in->find(key) != nullptr) return;
  throw InputError(fmt::format("{}: {}.{} does not follow from the arguments: {}", shown(command.file), section, key, hint));
}

void import(const ImportCommand& command) {
  check_files({command.common.output}, {command.file});
  Node document = read_megatron_arguments(read_file(command.file), command.file, command.gpu, command.network);
  for (const auto& [key, value] : parse_settings(command.common.sets)) set_value(document, key, value);
  require(command, document, "model", "vocabulary", "Megatron-LM takes it from the tokenizer; --set model.vocabulary=51200");
  require(command, document, "cluster", "gpus", "torchrun's --nnodes and --nproc-per-node say it, or --set cluster.gpus=64");
  static_cast<void>(read_scenario(document, ".", command.file));  // what is written can be run
  deliver(command.common, [&](std::ostream& out) { out << to_yaml(document); });
}

}  // namespace

void add_import_command(CLI::App& app) {
  const auto options = std::make_shared<ImportCommand>();
  CLI::App* command = app.add_subcommand("import", "A scenario out of Megatron-LM's launch arguments; prints the YAML");
  command->add_option("file", options->file, "File with the launch command or its arguments")->required()->option_text("FILE");
  command->add_option("--gpu", options->gpu, "GPU of the machines, from `mfusim hardware`")->required()->option_text("NAME");
  command->add_option("--network", options->network, "Network between them; needed where there is more than one")
      ->option_text("NAME");
  command->add_option("--output,-o", options->common.output, "Write to FILE instead of standard output")->option_text("FILE");
  add_settings_option(*command, options->common);
  command->callback([options] { import(*options); });
}

}  // namespace mfusim::app
