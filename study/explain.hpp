// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result.hpp"
#include "study/levers.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// A scenario with one input changed, against the scenario as it stands.
struct LeverOutcome {
  std::string name;
  LeverKind kind = LeverKind::Technique;
  Seconds time{};                                          ///< For the scenario's own number of samples.
  double gain_percent = 0;                                 ///< Of samples a second; negative: slower.
  bool fits = true;                                        ///< Its memory; a lever that does not fit cannot be pulled.
  Bytes peak;                                              ///< Of the fullest GPU.
  std::vector<std::pair<std::string, Seconds>> waterfall;  ///< For the scenario's own number of samples.
};

/// A part of the step that an ideal machine would not spend, and what takes most of it away.
struct LostTime {
  std::string name;  ///< Of the waterfall.
  Seconds time{};
  double share = 0;  ///< Of the step.
  struct Remedy {
    std::string lever;
    Seconds saved{};          ///< Of this part.
    Seconds step{};           ///< The whole step with it, for the scenario's own samples: other parts may grow.
    double gain_percent = 0;  ///< Of samples a second.
    Bytes peak;               ///< Memory of the fullest GPU with it.
  };
  std::optional<Remedy> remedy;     ///< The lever that fits and takes most of this part away; none below a twentieth of it.
  std::optional<Remedy> too_large;  ///< The lever that would take more of it away, if it fitted into memory.
};

struct Explanation {
  Result result;
  std::vector<LostTime> losses;      ///< The three largest, largest first.
  std::vector<LeverOutcome> levers;  ///< By gain, largest first.
  struct Impossible {
    std::string lever;
    std::string reason;
  };
  std::vector<Impossible> impossible;
};

/// Simulates the scenario, and once more for each of its levers. Deterministic; the levers run side by side.
[[nodiscard]] Explanation explain(const ScenarioDocument& document);

}  // namespace mfusim
