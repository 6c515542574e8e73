// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mfusim {

/// A pass over an operator. Operators without weights have their whole backward in InputGradient.
enum class Pass { Forward, InputGradient, WeightGradient };
[[nodiscard]] std::string to_string(Pass pass);

}  // namespace mfusim
