// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result.hpp"

#include <nlohmann/json.hpp>

namespace mfusim {

/// The plan as it stands in `parallel` of every answer.
[[nodiscard]] nlohmann::ordered_json plan_json(const Result::Plan& plan);

}  // namespace mfusim
