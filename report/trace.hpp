// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/memory_timeline.hpp"
#include "sim/result.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"
#include "sim/timeline.hpp"

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// What a trace says of a simulated rank beside its tasks.
struct TraceRank {
  std::string name;
  Bytes held;  ///< All the step long: weights, gradients, optimizer state, framework.
};
/// One for each simulated rank of the step.
[[nodiscard]] std::vector<TraceRank> trace_ranks(const Result& result, const Scenario& scenario, const BuiltStep& step);

struct TraceOptions {
  std::vector<TraceRank> ranks;     ///< Empty: plain numbers for names, and no memory.
  std::vector<MemoryPoint> memory;  ///< Activations over time, beside what the ranks hold.
  std::vector<int> selected;        ///< Ascending; empty: all.
};

/// The timeline in Chrome's trace format, which Perfetto opens: a process a rank, a thread a stream, a slice a task with
/// its shape, flops, bytes, micro-batch and chunk (a task that ranks do together is a slice on each); an arrow from each send to
/// what waits for it on another rank; counters of what a rank sends and of its memory. Times in microseconds; sorted by time.
///
/// Assumption: a transfer sends at one rate from its start to its end.
/// Source: "Trace Event Format", the Chromium project (complete, flow, counter and metadata events: ph X, s and f, C, M).
void write_trace(std::ostream& out, const BuiltStep& step, const Timeline& timeline, const TraceOptions& options = {});

/// Reads "0,3-5" as ranks, ascending, each once. Throws InputError on anything else, and on ranks that do not exist.
[[nodiscard]] std::vector<int> parse_ranks(std::string_view text, int ranks);

}  // namespace mfusim
