// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "sim/scenario.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// A change of the plan, and what the fullest stage needs with it.
struct MemoryChange {
  std::vector<std::pair<std::string, std::string>> settings;  ///< Keys of the scenario and their new values.
  Bytes peak;
};

/// What can be changed for the sake of memory: recomputation, half the micro-batch, twice the tensor ranks, the next ZeRO stage,
/// sequence parallelism. Only the memory is estimated again, not the time. Changes that the plan's rules exclude are not tried.
[[nodiscard]] std::vector<MemoryChange> memory_changes(const Scenario& scenario);

/// The one of them that frees most memory on the fullest stage, in words. Empty where nothing helps.
[[nodiscard]] std::string memory_advice(const Scenario& scenario);

}  // namespace mfusim
