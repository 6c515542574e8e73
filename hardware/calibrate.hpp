// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/fit_laws.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// What one law was fitted to and how well it reproduces that.
struct FittedPart {
  std::string path;  ///< In the entry: "gemm.bf16", "attention.flash-2", "node_collectives.all_reduce".
  FitResiduals residuals;
  std::string reference;  ///< Source that set the ceiling.
};

struct Calibration {
  std::string yaml;  ///< The whole catalog entry with the fitted laws in it.
  std::vector<FittedPart> parts;
};

/// Fits the laws of GPU `name` to the rows of a points file (any of the three kinds) that are of this GPU, and writes
/// them into its catalog entry; what the file does not speak of stays as it is. Two-byte matrix multiplies need 20 rows,
/// attention by one kernel 15, collectives of one kind inside a node 8. A ceiling in training that the entry does not
/// have yet is set to the fitted one and called an assumption.
/// Throws InputError on an unknown GPU, a broken file, or a file with too few rows of this GPU.
[[nodiscard]] Calibration calibrate(std::string_view points, const std::string& file, const std::string& name);

}  // namespace mfusim
