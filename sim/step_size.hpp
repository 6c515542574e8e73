// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace mfusim {

/// Throws InputError where a step of this many tasks would not fit in this machine's memory: asked before it is built.
void check_step_size(std::size_t tasks);

}  // namespace mfusim
