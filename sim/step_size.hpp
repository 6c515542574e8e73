// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace mfusim {

/// Throws InputError where a step of this many tasks would not fit in this machine's memory: asked before it is built.
/// `remedy` says what would help.
void check_step_size(std::size_t tasks, std::string_view remedy = "fewer micro-batches or layers are needed");

}  // namespace mfusim
