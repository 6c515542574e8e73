// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/page.hpp"

#include <nlohmann/json_fwd.hpp>

namespace mfusim::html {

/// A timeline in few characters: slices as flat arrays of six whole numbers (nanoseconds since the slice before ended,
/// nanoseconds of duration, row of the table, tasks, micro-batch and chunk packed as in the graph, phase), rows of the table
/// once.
[[nodiscard]] nlohmann::ordered_json timeline_json(const Timeline& timeline);

}  // namespace mfusim::html
