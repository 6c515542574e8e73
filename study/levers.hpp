// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario_document.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mfusim {

/// What kind of thing a lever moves.
enum class LeverKind { Hardware, Batch, Memory, Technique, Model };
[[nodiscard]] std::string to_string(LeverKind kind);

/// One input of a scenario, changed: a rate of the machine, or a key of the file.
struct Lever {
  std::string name;  ///< "NVLink x 2".
  LeverKind kind = LeverKind::Technique;
  std::function<Scenario()> scenario;  ///< The scenario with it; throws InputError where it cannot be had.
};

/// Every lever of a scenario: each rate of the machine doubled, batch and micro-batch doubled, the other ways to recompute, each
/// technique switched over. Each changes that one input and nothing else. Both arguments must outlive the levers.
[[nodiscard]] std::vector<Lever> levers_of(const ScenarioDocument& document, const Scenario& scenario);

}  // namespace mfusim
