// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "base/input_error.hpp"
#include "base/nearest.hpp"
#include "hardware/catalog.hpp"
#include "hardware/network.hpp"
#include "hardware/questions.hpp"
#include "model/model_table.hpp"
#include "model/read_model.hpp"
#include "report/grids.hpp"
#include "report/schema.hpp"
#include "report/table.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/stack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>

namespace mfusim::app {
namespace {

struct HardwareOptions {
  CommonOptions common;
  std::string name;
  std::string gemm, attention, collective;
  std::string network = "ib-8x400g";
};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Grid all_names() {
  Grid grid{{{"kind", "kind"}, {"name", "name"}}, {}};
  for (const std::string& name : gpu_names()) grid.rows.push_back({std::string("gpu"), name});
  for (const std::string& name : network_names()) grid.rows.push_back({std::string("network"), name});
  for (const std::string& name : stack_names()) grid.rows.push_back({std::string("stack"), name});
  return grid;
}

/// The figures of an entry, whichever catalog it is in.
Grid entry(const std::string& name) {
  if (contains(gpu_names(), name)) return figures_grid(gpu_figures(name));
  if (contains(network_names(), name)) return figures_grid(network_figures(name));
  if (contains(stack_names(), name))
    throw InputError(fmt::format("hardware: '{}' is a software stack, without figures of its own: docs/stacks.md", name));
  std::vector<std::string> known = gpu_names();
  for (const std::string& network : network_names()) known.push_back(network);
  throw InputError(fmt::format("hardware: no GPU or network is called '{}'{}", shown(name), suggestion(name, known)));
}

void deliver_answer(const CommonOptions& options, const HardwareAnswer& answer) {
  if (options.format != Format::Table) return deliver(options, answer_grid(answer));
  deliver(options, [&](std::ostream& out) { write_table(out, answer); });
}

/// What is wrong in a question is told with the option that asked it.
template <class Ask>
HardwareAnswer asked(const char* option, Ask ask) {
  try {
    return ask();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", option, error.what()));
  }
}

void hardware(const HardwareOptions& options) {
  if (options.name.empty()) return deliver(options.common, all_names());
  if (!options.gemm.empty())
    return deliver_answer(options.common, asked("--gemm", [&] { return ask_gemm(load_gpu(options.name), options.gemm); }));
  if (!options.attention.empty()) {
    return deliver_answer(options.common,
                          asked("--attention", [&] { return ask_attention(load_gpu(options.name), options.attention); }));
  }
  if (!options.collective.empty()) {
    return deliver_answer(options.common, asked("--collective", [&] {
                            return ask_collective(load_gpu(options.name), load_network(options.network), options.collective);
                          }));
  }
  deliver(options.common, entry(options.name));
}

}  // namespace

void add_models_command(CLI::App& app) {
  struct Options {
    CommonOptions common;
    std::string name;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("models", "The model catalog: parameters, forward FLOPs of one sample, V:T ratio, source");
  command->add_option("name", options->name, "One model (default: all)")->option_text("NAME");
  add_common_options(*command, options->common);
  command->callback([options] {
    deliver(options->common, models_grid(options->name.empty() ? model_table() : std::vector{model_row(options->name)}));
  });
}

void add_hardware_command(CLI::App& app) {
  const auto options = std::make_shared<HardwareOptions>();
  CLI::App* command = app.add_subcommand(
      "hardware", "GPUs, networks and stacks; a GPU or network with the source of every figure; the time of one kernel");
  command->add_option("name", options->name, "A GPU or a network (default: list all)")->option_text("NAME");
  command->add_option("--gemm", options->gemm, "Time of one matrix multiply")->option_text("M,N,K[,dtype]")->needs("name");
  command->add_option("--attention", options->attention, "Time of one attention")
      ->option_text("BATCH,LENGTH,HEADS,HEAD_DIM[,word...]")
      ->needs("name");
  command->add_option("--collective", options->collective, "Time of one collective")
      ->option_text("KIND,BYTES,RANKS[,NODES]")
      ->needs("name");
  command->add_option("--network", options->network, "Network between the nodes of --collective (default ib-8x400g)")
      ->option_text("NAME")
      ->needs("--collective");
  add_common_options(*command, options->common);
  command->footer("Example: mfusim hardware h100-sxm5-80gb --gemm 4096,4096,8192,bf16");
  command->callback([options] { hardware(*options); });
}

void add_schema_command(CLI::App& app) {
  const auto options = std::make_shared<CommonOptions>();
  CLI::App* command =
      app.add_subcommand("schema", "JSON Schema of a scenario: every key, its meaning, unit and default, for editors");
  command->add_option("--output,-o", options->output, "Write to FILE instead of standard output")->option_text("FILE");
  command->callback([options] {
    const SchemaNames names{.models = model_names(),
                            .gpus = gpu_names(),
                            .networks = network_names(),
                            .stacks = stack_names(),
                            .schedules = schedule_names()};
    deliver(*options, [&](std::ostream& out) { write_schema(out, names); });
  });
}

}  // namespace mfusim::app
