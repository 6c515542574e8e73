// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace mfusim {

/// Throws InputError where a step of this many tasks would not fit in the memory that this process may have (the machine's, or
/// the limit of its container or shell): asked before it is built. `remedy` says what would help.
void check_step_size(std::size_t tasks, std::string_view remedy =
                                            "a larger training.micro_batch, a smaller "
                                            "training.global_batch or fewer layers are needed");

}  // namespace mfusim
