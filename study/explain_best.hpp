// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/sweep.hpp"

namespace mfusim {

enum class Launch { No, Yes };

/// Adds to the answer of a sweep what separates its best two (by the full simulation of both, or why not: a sweep takes no longer
/// for more micro-batches, a full simulation does), and with Launch::Yes the arguments that the best is launched with, or why
/// there are none.
void explain_best(const SweepSpace& space, Launch launch, SweepAnswer& answer);

/// The scenario of one configuration. Throws InputError where it is invalid.
[[nodiscard]] Scenario scenario_at(const SweepSpace& space, std::int64_t index);

}  // namespace mfusim
