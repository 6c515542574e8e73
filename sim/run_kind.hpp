// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"

#include <string>

namespace mfusim {

/// What kind of run a scenario is, as far as it decides which published runs are near it.
struct RunKind {
  std::string objective;   ///< "language" or "contrastive".
  std::string generation;  ///< Of the GPU: "ampere", "hopper", ..., or "other".
  std::string reach;       ///< "one node" or "several nodes".
  std::string plan;        ///< "data parallel" alone, or "model parallel" (tensor or pipeline).
  bool operator==(const RunKind&) const = default;
};

[[nodiscard]] RunKind run_kind_of(const Scenario& scenario);

}  // namespace mfusim
