// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mfusim {

/// What results follow from beside the scenario: the SHA-256 of the sources and catalogs that this program was built from (base,
/// model, hardware, sim, study). Two programs with the same one give the same rows; written by cmake/fingerprint.cmake.
[[nodiscard]] std::string program_fingerprint();

}  // namespace mfusim
