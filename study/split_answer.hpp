// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/split.hpp"

#include <string>

namespace mfusim {

/// What fits goes before what does not; then the shorter step.
[[nodiscard]] bool better(const SplitPoint& a, const SplitPoint& b);

/// Split or not, in one sentence with its reason.
[[nodiscard]] std::string recommendation_of(const SplitReport& report);

/// Names training.micro_batch where the scenario asks for more passes than the colocated towers take: a split does not read it.
[[nodiscard]] std::string note_on_micro_batch(const Scenario& scenario, const SplitPoint& together);

}  // namespace mfusim
