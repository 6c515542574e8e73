// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/step_graph.hpp"
#include "sim/timeline.hpp"

#include <iosfwd>

namespace mfusim {

/// The timeline in Chrome's trace format, which Perfetto opens: a process a rank, a thread a stream, a slice a task with
/// its shape, flops, bytes, micro-batch and chunk. Times in microseconds; sorted by start.
/// Source: "Trace Event Format", the Chromium project (complete events, ph X; metadata events, ph M).
void write_trace(std::ostream& out, const BuiltStep& step, const Timeline& timeline);

}  // namespace mfusim
