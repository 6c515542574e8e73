// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/scenario.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// Peak memory of one pipeline stage's ranks, by what holds it.
struct StageMemory {
  int stage = 0;
  std::int64_t passes_in_flight = 0;  ///< Most micro-batch passes whose activations are alive at once.
  std::vector<std::pair<std::string, Bytes>> parts;
  [[nodiscard]] Bytes total() const;
};

/// Peak memory of each pipeline stage; of each tower's ranks where the towers are apart.
/// Weights, gradients and optimizer state by the stack's types and the ZeRO stage (Rajbhandari et al. 2020,
/// arXiv:1910.02054, section 3); activations by what each operator keeps (Korthikanti et al. 2022, arXiv:2205.05198,
/// section 4) times the passes in flight by the schedule's own order; the logits' fp32 copy; the framework's allowance.
[[nodiscard]] std::vector<StageMemory> memory_of(const Scenario& scenario, const Work<Count>& work);

}  // namespace mfusim
