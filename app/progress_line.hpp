// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/commands.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace mfusim::app {

/// A line on standard error that writes over itself: done of all, their rate, the time left. Nothing (an empty function) unless
/// a person watches. `what` are counted.
[[nodiscard]] std::function<void(std::int64_t done, std::int64_t all)> progress_line(const CommonOptions& common,
                                                                                     const std::string& what);

}  // namespace mfusim::app
