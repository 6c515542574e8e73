// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/contention.hpp"
#include "sim/segment.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mfusim {

/// A task as one rank's simulation sees it.
struct FoldTask {
  std::int64_t duration = 0;
  UsageId usage = 0;
  StreamKind stream = StreamKind::Compute;
  std::uint32_t first_wait = 0;  ///< What it waits for beside its stream: waits[first_wait .. last_wait) of its pattern.
  std::uint32_t last_wait = 0;

  /// Takes nothing of what ranks share: its end is known with its start.
  [[nodiscard]] bool passes() const { return usage == 0 || duration == 0; }
};

/// Streams as bits.
[[nodiscard]] constexpr std::uint32_t bit_of(StreamKind stream) {
  return 1U << static_cast<std::uint32_t>(stream);
}

/// Positions of tasks, by stream.
using FoldQueues = std::array<std::vector<std::uint32_t>, streams_per_rank>;

/// The tasks of a placed segment, or a single kernel, ready to be simulated from the moment at which its first kernel may start.
struct FoldPattern {
  std::vector<FoldTask> tasks;
  std::vector<std::uint32_t> waits;  ///< Positions in `tasks`.
  FoldQueues queues;                 ///< In `tasks`.
  std::uint32_t streams = 0;         ///< Those that it uses, as bits.
  std::int64_t host_time = 0;        ///< Its launches.
  std::uint32_t number = 0;          ///< Among the patterns of a step, from 1.
};

/// What the fold simulates in one go: a pattern and the communication steps of the same rank that hang on it.
/// Equal kinds have equal outcomes in equal situations, on whichever rank and for whichever micro-batch.
struct FoldKind {
  std::vector<FoldTask> tasks;       ///< Of the pattern, then the steps.
  std::vector<std::uint32_t> waits;  ///< Positions in `tasks`.
  FoldQueues queues;                 ///< In `tasks`.
  std::vector<std::uint32_t> key;    ///< What tells kinds of one pattern apart.
  std::uint32_t pattern = 0;         ///< The pattern's number; 0: none.

  FoldKind() = default;
  explicit FoldKind(const FoldPattern& of)
      : tasks(of.tasks), waits(of.waits), queues(of.queues), pattern(of.number), pattern_tasks_(of.tasks.size()) {}
  /// Appends a task, which waits for others before it.
  void add(const FoldTask& task, std::span<const std::uint32_t> before);
  /// The same for a step.
  void add_step(const FoldTask& step, std::span<const std::uint32_t> before);
  /// The position of the first step among the tasks.
  [[nodiscard]] std::size_t first_step() const { return pattern_tasks_; }
  /// Whether a step may begin when so many of the pattern's tasks have ended, by stream. Once one may, one always may.
  [[nodiscard]] bool may_begin_a_step(const std::array<std::uint32_t, streams_per_rank>& ended) const;

 private:
  /// That so many tasks of a stream have ended.
  struct Need {
    std::uint32_t stream = 0;
    std::uint32_t ended = 0;
  };
  std::size_t pattern_tasks_ = 0;
  std::vector<std::vector<Need>> step_needs_;  ///< Of steps that wait for the pattern's tasks alone, or for nothing.
};

/// Rows of the step table in numbers, with kernels `slowdown` times longer.
class FoldRows {
 public:
  /// `usages`: by row.
  FoldRows(const StepTable& table, std::span<const UsageId> usages) : table_(table), usages_(usages) {}
  [[nodiscard]] FoldTask task(std::uint32_t row, double slowdown) const;

 private:
  const StepTable& table_;
  std::span<const UsageId> usages_;
};

/// The pattern of a segment, or nothing where what comes before it could notice it before its first kernel starts: that kernel
/// must wait for the entry, all communication must come after a kernel of the segment, and launches must wait for nothing and
/// each have its kernel.
[[nodiscard]] std::optional<FoldPattern> fold_pattern(const Segment& segment, const FoldRows& rows, double slowdown);
[[nodiscard]] FoldPattern fold_pattern(std::uint32_t row, const FoldRows& rows, double slowdown);

}  // namespace mfusim
