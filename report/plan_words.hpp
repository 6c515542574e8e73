// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result.hpp"

#include <string>

namespace mfusim {

/// A plan as people say it, without what it does not use: "tensor 8 with sequence parallelism x pipeline 8 (interleaved-1f1b, 6
/// virtual stages a rank) x data 4 (ZeRO-1); 64 micro-batches of 1 sample; nothing recomputed".
[[nodiscard]] std::string plan_words(const Result::Plan& plan);

/// The GPUs alone: "tensor 8 x pipeline 8 x data 4".
[[nodiscard]] std::string grid_words(const Result::Plan& plan);

/// Layers of the model chunks: "4, 5, 5, 4".
[[nodiscard]] std::string stages_words(const Result::Plan& plan);

}  // namespace mfusim
