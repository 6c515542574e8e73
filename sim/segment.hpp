// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/step.hpp"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace mfusim {

/// A task inside a segment, by its position.
using SegmentIndex = std::int32_t;
constexpr SegmentIndex no_task = -1;
constexpr SegmentIndex segment_entry = -2;  ///< "After whatever the segment waits for."

/// A run of tasks on one rank that repeats: a chunk's forward or backward pass for one micro-batch. Tasks of one stream
/// follow each other by themselves; `after` names only what else a task waits for.
struct SegmentTask {
  std::uint32_t step = 0;
  std::array<SegmentIndex, 3> after{no_task, no_task, no_task};
};

struct Segment {
  std::vector<SegmentTask> tasks;
  std::vector<SegmentIndex> exits;       ///< What the segment's result waits for.
  std::vector<SegmentIndex> layer_ends;  ///< Backward: where the gradients of each layer are complete, last layer first.
};

/// From the entry of a segment to the end of its last task, where nothing else runs.
[[nodiscard]] Picoseconds time_alone(const Segment& segment, const StepTable& table);

/// Puts a segment together, step by step.
class SegmentBuilder {
 public:
  explicit SegmentBuilder(StepTable& table) : table_(table) {}

  /// Adds a step to the table and its task to the segment. Producers on the step's own stream need no mention, but
  /// may be given; no_task is ignored.
  SegmentIndex add(Step step, const std::vector<SegmentIndex>& after);

  /// Appends a copy of `other` whose entry is `input`; gives its exits.
  std::vector<SegmentIndex> append(const Segment& other, const std::vector<SegmentIndex>& input);

  [[nodiscard]] SegmentIndex last_compute() const { return last_compute_; }
  [[nodiscard]] bool empty() const { return segment_.tasks.empty(); }
  [[nodiscard]] Segment finish(std::vector<SegmentIndex> exits);

 private:
  /// Notes that a stream waits for something; false where it has before.
  bool note_wait(StreamKind stream, SegmentIndex before);
  SegmentIndex place(std::uint32_t step, const std::vector<SegmentIndex>& after);

  StepTable& table_;
  Segment segment_;
  /// Streams wait once: what follows on them is later anyway. Bits of the streams that have waited for the entry and each task.
  std::vector<std::uint16_t> waited_{0};
  SegmentIndex last_compute_ = segment_entry;
};

}  // namespace mfusim
