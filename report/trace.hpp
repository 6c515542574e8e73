// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/memory_timeline.hpp"
#include "sim/step_graph.hpp"
#include "sim/timeline.hpp"

#include <iosfwd>

namespace mfusim {

/// The timeline in Chrome's trace format, which Perfetto opens: a process a rank, a thread a stream, a slice a task with
/// its shape, flops, bytes, micro-batch and chunk; a counter a rank with the bytes of its activations. Times in microseconds;
/// slices sorted by start.
/// Source: "Trace Event Format", the Chromium project (complete events, ph X; counter events, ph C; metadata events, ph M).
void write_trace(std::ostream& out, const BuiltStep& step, const Timeline& timeline, const std::vector<MemoryPoint>& memory = {});

}  // namespace mfusim
