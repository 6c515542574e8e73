// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_pattern.hpp"

#include <algorithm>
#include <array>

namespace mfusim {
namespace {

bool waits_for(const SegmentTask& task, SegmentIndex before) {
  return std::find(task.after.begin(), task.after.end(), before) != task.after.end();
}

/// Checks tasks in their order against the conditions of fold_pattern.
class Composability {
 public:
  explicit Composability(std::size_t tasks) : after_kernel_(tasks), launch_(tasks) {}

  /// False where the task breaks a condition.
  bool take(std::size_t at, const SegmentTask& task, StreamKind stream) {
    bool& on_stream = stream_after_kernel_[static_cast<std::size_t>(stream)];
    if (stream == StreamKind::Host) {
      launch_[at] = true;
      ++open_launches_;
      return std::all_of(task.after.begin(), task.after.end(), [](SegmentIndex before) { return before == no_task; });
    }
    if (stream == StreamKind::Compute) {
      if (!on_stream && !waits_for(task, segment_entry)) return false;
      on_stream = true;
      close_launches(task);
    }
    for (const SegmentIndex before : task.after) on_stream = on_stream || (before >= 0 && after_kernel_[index(before)]);
    after_kernel_[at] = on_stream;
    return on_stream;
  }

  [[nodiscard]] bool every_launch_has_its_kernel() const { return open_launches_ == 0; }

 private:
  [[nodiscard]] static std::size_t index(SegmentIndex at) { return static_cast<std::size_t>(at); }
  void close_launches(const SegmentTask& task) {
    for (const SegmentIndex before : task.after) {
      if (before < 0 || !launch_[index(before)]) continue;
      launch_[index(before)] = false;
      --open_launches_;
    }
  }

  std::vector<bool> after_kernel_;
  std::vector<bool> launch_;  ///< Without a kernel yet.
  std::array<bool, streams_per_rank> stream_after_kernel_{};
  std::size_t open_launches_ = 0;
};

}  // namespace

FoldTask FoldRows::task(std::uint32_t row, double slowdown) const {
  const Step& step = table_[row];
  const bool slow = slowdown != 1 && step.stream == StreamKind::Compute;
  const Picoseconds duration = slow ? to_ticks(slowdown * to_seconds(step.duration)) : step.duration;
  return {.duration = duration.count(), .usage = usages_[row], .stream = step.stream};
}

std::optional<FoldPattern> fold_pattern(const Segment& segment, const FoldRows& rows, double slowdown) {
  FoldPattern pattern;
  Composability composability(segment.tasks.size());
  pattern.tasks.reserve(segment.tasks.size());
  for (const SegmentTask& task : segment.tasks) {
    FoldTask mine = rows.task(task.step, slowdown);
    if (!composability.take(pattern.tasks.size(), task, mine.stream)) return std::nullopt;
    mine.first_wait = static_cast<std::uint32_t>(pattern.waits.size());
    for (const SegmentIndex before : task.after) {
      if (before >= 0) pattern.waits.push_back(static_cast<std::uint32_t>(before));
    }
    mine.last_wait = static_cast<std::uint32_t>(pattern.waits.size());
    pattern.streams |= bit_of(mine.stream);
    if (mine.stream == StreamKind::Host) pattern.host_time += mine.duration;
    pattern.queues[static_cast<std::size_t>(mine.stream)].push_back(static_cast<std::uint32_t>(pattern.tasks.size()));
    pattern.tasks.push_back(mine);
  }
  if (!composability.every_launch_has_its_kernel()) return std::nullopt;
  return pattern;
}

FoldPattern fold_pattern(std::uint32_t row, const FoldRows& rows, double slowdown) {
  const FoldTask task = rows.task(row, slowdown);
  FoldPattern pattern{.tasks = {task}, .waits = {}, .queues = {}, .streams = bit_of(task.stream), .host_time = 0, .number = 0};
  pattern.queues[static_cast<std::size_t>(task.stream)].push_back(0);
  return pattern;
}

void FoldKind::add(const FoldTask& task, std::span<const std::uint32_t> before) {
  queues[static_cast<std::size_t>(task.stream)].push_back(static_cast<std::uint32_t>(tasks.size()));
  FoldTask& mine = tasks.emplace_back(task);
  mine.first_wait = static_cast<std::uint32_t>(waits.size());
  waits.insert(waits.end(), before.begin(), before.end());
  mine.last_wait = static_cast<std::uint32_t>(waits.size());
}

void FoldKind::add_step(const FoldTask& step, std::span<const std::uint32_t> before) {
  std::vector<Need> needs;
  bool follows_a_step = false;
  for (const std::uint32_t wait : before) {
    follows_a_step = follows_a_step || wait >= pattern_tasks_;
    const auto stream = static_cast<std::uint32_t>(tasks[wait].stream);
    const auto at = std::lower_bound(queues[stream].begin(), queues[stream].end(), wait);
    needs.push_back({stream, static_cast<std::uint32_t>(at - queues[stream].begin()) + 1});
  }
  if (!follows_a_step) step_needs_.push_back(std::move(needs));
  add(step, before);
}

bool FoldKind::may_begin_a_step(const std::array<std::uint32_t, streams_per_rank>& ended) const {
  return std::any_of(step_needs_.begin(), step_needs_.end(), [&](const std::vector<Need>& needs) {
    return std::all_of(needs.begin(), needs.end(), [&](const Need& need) { return ended[need.stream] >= need.ended; });
  });
}

}  // namespace mfusim
