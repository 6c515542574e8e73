// SPDX-License-Identifier: Apache-2.0
#include "study/launch_arguments.hpp"

#include "study/command_arguments.hpp"

namespace mfusim {

void add_torchrun(const Cluster& cluster, CommandArguments& arguments) {
  arguments.flag("torchrun");
  arguments.value("--nnodes", cluster.gpus / cluster.gpus_per_node);
  arguments.value("--nproc-per-node", cluster.gpus_per_node);
}

std::vector<std::string> launch_arguments(const Scenario& scenario) {
  if (scenario.model.decoder) return megatron_launch(scenario);
  if (is_contrastive(scenario.model)) return open_clip_launch(scenario);
  throw InputError("neither a language model nor one with two towers");
}

}  // namespace mfusim
