// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mfusim {

/// The program's version, as in CMakeLists.txt.
[[nodiscard]] std::string version();

}  // namespace mfusim
