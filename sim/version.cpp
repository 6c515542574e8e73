// SPDX-License-Identifier: Apache-2.0
#include "sim/version.hpp"

namespace mfusim {

std::string version() {
  return MFUSIM_VERSION;
}

}  // namespace mfusim
