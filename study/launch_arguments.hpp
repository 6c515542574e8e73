// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"

#include <string>
#include <vector>

namespace mfusim {

/// A scenario as the arguments of the program that trains it, without paths of data: `torchrun` with its processes, then
/// Megatron-LM's pretrain_gpt.py for a language model, open_clip's open_clip_train.main for a catalog model with two towers.
/// Source: docs/sources.md, "Launch arguments". Throws InputError where the program has no argument for what the scenario asks,
/// or the stack is one of another program.
[[nodiscard]] std::vector<std::string> launch_arguments(const Scenario& scenario);

}  // namespace mfusim
