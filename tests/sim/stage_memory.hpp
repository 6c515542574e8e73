// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/build_step.hpp"
#include "sim/memory.hpp"

#include <stdexcept>
#include <string>

namespace mfusim::tests {

inline std::vector<StageMemory> memory_by_stage(const Scenario& scenario) {
  return memory_of(scenario, micro_batch_work(scenario));
}

/// Bytes of one part of a stage's memory. Throws where it has no such part.
inline Bytes part(const StageMemory& stage, const std::string& name) {
  for (const auto& [key, bytes] : stage.parts) {
    if (key == name) return bytes;
  }
  throw std::logic_error("no part " + name);
}

}  // namespace mfusim::tests
