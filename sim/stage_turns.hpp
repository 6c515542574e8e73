// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace mfusim {

class PipelineWiring;

/// The stages in the order in which their passes would start if all forward passes took the same time, whole backward passes
/// twice as long, each half of one as long, and sending took next to none: each pass comes behind all that it waits for. A
/// stage has fewer turns than passes where some wait for each other in a circle.
[[nodiscard]] std::vector<std::uint32_t> stage_turns(const PipelineWiring& wiring);

}  // namespace mfusim
