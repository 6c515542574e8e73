// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/step_graph.hpp"
#include "sim/timeline.hpp"

#include <vector>

namespace mfusim {

enum class TraceCounter : std::uint8_t { NodeLink, Network, Memory };

/// From `time` on a counter of a rank has a value: GB/s that it sends, or bytes that it holds.
struct CounterSample {
  Picoseconds time{};
  int rank = 0;
  TraceCounter counter = TraceCounter::NodeLink;
  double value = 0;
};

/// What each rank sends over its node's links and over the network, in GB/s: a transfer's bytes / its time while it runs.
/// By rank, then time; one sample a change.
[[nodiscard]] std::vector<CounterSample> link_samples(const BuiltStep& step, const Timeline& timeline);

}  // namespace mfusim
