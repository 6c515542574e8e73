// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"

#include <string>

namespace mfusim {

/// The one change of the plan that frees most memory on the fullest stage, in words: recomputation, half the micro-batch, twice
/// the tensor ranks, the next ZeRO stage, sequence parallelism. Only the memory is estimated again, not the time. Changes that
/// the plan's rules exclude are not tried. Empty where nothing helps.
[[nodiscard]] std::string memory_advice(const Scenario& scenario);

}  // namespace mfusim
