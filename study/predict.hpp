// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// One training step of a scenario, simulated and summed up.
[[nodiscard]] Result predict(const Scenario& scenario);

}  // namespace mfusim
