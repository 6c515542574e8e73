// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"

#include <string>
#include <string_view>

namespace mfusim {

/// A scenario document out of Megatron-LM's launch arguments (a shell command, or the arguments alone): model, batch, plan and
/// techniques, and the number of GPUs where torchrun's arguments say it. `gpu` and `network` are catalog names (network may
/// be empty). Arguments that change no step (paths, intervals, learning rates) are passed over; every other argument that is
/// not modelled is refused by name. `source` stands for the file in messages. Throws InputError.
/// Source of the names: NVIDIA/Megatron-LM, megatron/training/arguments.py.
[[nodiscard]] Node read_megatron_arguments(std::string_view text, const std::string& source, const std::string& gpu,
                                           const std::string& network);

}  // namespace mfusim
