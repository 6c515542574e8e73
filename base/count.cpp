// SPDX-License-Identifier: Apache-2.0
#include "base/count.hpp"

#include <fmt/format.h>

namespace mfusim {

CountOverflow::CountOverflow(std::int64_t a, char operation, std::int64_t b)
    : std::overflow_error(fmt::format("{} {} {} does not fit in 64 bits", a, operation, b)) {}

void Count::throw_inexact(std::int64_t a, std::int64_t b) {
  throw std::logic_error(fmt::format("{} is not a multiple of {}", a, b));
}

}  // namespace mfusim
