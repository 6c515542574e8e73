// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/gpu.hpp"
#include "hardware/network.hpp"

namespace mfusim {

/// A rate of a GPU that a question "what if it were faster?" can change by itself.
enum class GpuRate {
  Compute,    ///< Matrix multiplies and attention: data-sheet peaks and fitted ceilings.
  Memory,     ///< Device memory, also where a matrix multiply or a collective meets it.
  NodeLinks,  ///< NVLink; PCIe where there is none.
  Launches,   ///< Kernel launches of an eager host.
};

/// The GPU with one rate multiplied by `factor` in the data sheet and in every law; fixed times (latencies, kernel floors) and
/// the shape dependence stay. Throws std::logic_error on a factor that is not positive.
[[nodiscard]] Gpu with_rate(const Gpu& gpu, GpuRate rate, double factor);

/// The network with NICs `factor` times as fast and the same latency.
[[nodiscard]] Network with_bandwidth(const Network& network, double factor);

}  // namespace mfusim
