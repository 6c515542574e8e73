// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "sim/result.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

enum class RowStatus {
  Fits,      ///< Simulated.
  TooLarge,  ///< Does not fit into the GPU's memory, and so is not simulated.
  Pruned,    ///< Cannot be among the best: iteration_time is a lower bound.
  Invalid,   ///< Breaks a rule, which `reason` tells.
};
[[nodiscard]] const std::vector<std::pair<std::string, RowStatus>>& row_status_names();
[[nodiscard]] std::string to_string(RowStatus status);

/// What became of one configuration.
struct SweepRow {
  std::int64_t index = 0;  ///< In the space.
  RowStatus status = RowStatus::Invalid;
  std::string reason;            ///< Invalid.
  Picoseconds iteration_time{};  ///< Fits, Pruned.
  double mfu = 0;                ///< Fits.
  Bytes peak;                    ///< Of the fullest stage; all but Invalid.
  Bytes capacity;
  int gpus = 0;
  std::string gpu;
  std::int64_t global_batch = 0;
  Result::Plan plan;  ///< As resolved.
};

[[nodiscard]] double samples_per_s(const SweepRow& row);
/// It fits, with less than a twentieth of the GPU's memory to spare (sim/result.hpp).
[[nodiscard]] bool is_tight(const SweepRow& row);

}  // namespace mfusim
