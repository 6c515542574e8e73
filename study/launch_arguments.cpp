// SPDX-License-Identifier: Apache-2.0
#include "study/launch_arguments.hpp"

#include "study/command_arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace mfusim {
namespace {

constexpr std::array<std::string_view, 7> stacks_of_megatron{"megatron-lm-2021",  "megatron-lm-2023-01", "megascale",
                                                             "megatron-core-0.8", "megatron-core-2024",  "nemo-2024",
                                                             "flagscale-2023"};
constexpr std::array<std::string_view, 4> stacks_of_open_clip{"open-clip-2022", "pytorch-ddp-2022", "pytorch-ddp-2024",
                                                              "pytorch-fsdp-2023"};

/// Arguments of another program would start another run than the one that was simulated.
void check_stack(const Scenario& scenario, std::string_view program, std::span<const std::string_view> stacks) {
  const std::string_view full = scenario.stack.name;
  const std::string_view name = full.substr(0, full.find(" with "));  // and what stack_settings change
  if (std::find(stacks.begin(), stacks.end(), name) != stacks.end()) return;
  throw InputError(fmt::format("stack '{}' is not run by {}, whose arguments are known; its stacks: {}", scenario.stack.name,
                               program, fmt::join(stacks, ", ")));
}

}  // namespace

void add_torchrun(const Cluster& cluster, CommandArguments& arguments) {
  arguments.flag("torchrun");
  arguments.value("--nnodes", cluster.gpus / cluster.gpus_per_node);
  arguments.value("--nproc-per-node", cluster.gpus_per_node);
}

std::vector<std::string> launch_arguments(const Scenario& scenario) {
  if (scenario.model.decoder) {
    check_stack(scenario, "Megatron-LM", stacks_of_megatron);
    return megatron_launch(scenario);
  }
  if (is_contrastive(scenario.model)) {
    check_stack(scenario, "open_clip", stacks_of_open_clip);
    return open_clip_launch(scenario);
  }
  throw InputError("neither a language model nor one with two towers");
}

}  // namespace mfusim
