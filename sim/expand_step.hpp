// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/contention.hpp"
#include "sim/step_record.hpp"

namespace mfusim {

/// The task graph of a recorded step: every task of every segment on its own. A rank's usages are numbered in the order of
/// their classes, so that rates are sums of the same numbers in the same order on every rank.
[[nodiscard]] TaskGraph expand_step(const StepRecord& record, const Contention& contention);

}  // namespace mfusim
