// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/configuration.hpp"

namespace mfusim {

/// What a sweep wants to know of one scenario: memory first, and only where that fits the simulated step.
[[nodiscard]] SweepRow evaluate_configuration(const Scenario& scenario);

}  // namespace mfusim
