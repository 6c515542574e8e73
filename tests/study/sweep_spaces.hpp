// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/document.hpp"
#include "study/sweep_space.hpp"

#include <fmt/format.h>

#include <string>

namespace mfusim::tests {

/// A model so small that a configuration takes a fraction of a millisecond; line 6 is the first of the sweep.
inline const char* const small_scenario = R"(
model: {kind: decoder, layers: 4, hidden_size: 256, heads: 8, vocabulary: 1000}
cluster: {gpu: a100-sxm4-80gb, gpus: 8, gpus_per_node: 8}
training: {global_batch: 16, micro_batch: 1, sequence_length: 64}
stack: megatron-lm-2023-01
)";

inline Node sweep_document(const std::string& sweep) {
  return parse_yaml(small_scenario + sweep, "space.yaml");
}

inline SweepSpace sweep_space(const std::string& sweep, Limited limited = Limited::No) {
  return read_sweep_space(sweep_document(sweep), "space.yaml", limited);
}

/// 4 x 3 x 3 x 2 = 72 configurations, valid and invalid ones.
inline const char* const small_sweep = R"(sweep:
  axes:
    parallel.tensor: [1, 2, 4, 3]
    parallel.pipeline: {from: 1, to: 4, times: 2}
    training.micro_batch: [1, 2, 5]
    parallel.recompute: [none, full]
)";

}  // namespace mfusim::tests
