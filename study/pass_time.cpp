// SPDX-License-Identifier: Apache-2.0
#include "study/pass_time.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace mfusim {
namespace {

constexpr Picoseconds long_ago(std::numeric_limits<std::int64_t>::min());

/// Ends of tasks on a clock that starts with the first kernel.
struct PassEnds {
  std::array<Picoseconds, streams_per_rank> streams{};
  std::vector<Picoseconds> tasks;
  [[nodiscard]] Picoseconds compute() const { return streams[static_cast<std::size_t>(StreamKind::Compute)]; }
};

PassEnds ends_of(const Segment& segment, const StepTable& table) {
  PassEnds ends;
  ends.streams.fill(long_ago);
  bool begun = false;
  for (const SegmentTask& task : segment.tasks) {
    const Step& step = table[task.step];
    Picoseconds& stream = ends.streams[static_cast<std::size_t>(step.stream)];
    Picoseconds start = stream;
    for (const SegmentIndex before : task.after) {
      if (before >= 0) start = std::max(start, ends.tasks[static_cast<std::size_t>(before)]);
    }
    if (!begun && step.stream == StreamKind::Compute) {
      begun = true;
      start = Picoseconds{};
    }
    stream = start == long_ago ? long_ago : start + step.duration;
    ends.tasks.push_back(stream);
  }
  return ends;
}

Picoseconds kernel_time(const Segment& segment, const StepTable& table) {
  Picoseconds total{};
  for (const SegmentTask& task : segment.tasks) {
    const Step& step = table[task.step];
    if (step.stream == StreamKind::Compute) total += step.duration;
  }
  return total;
}

/// By how much the whole state behind two layers is later at least; zero where the two cannot be compared.
Picoseconds least_shift(const Segment& one, const PassEnds& after_one, const Segment& two, const PassEnds& after_two) {
  if (one.exits.size() != two.exits.size()) return {};
  Picoseconds least(std::numeric_limits<std::int64_t>::max());
  const auto compare = [&](Picoseconds first, Picoseconds second) {
    if (first != long_ago) least = std::min(least, second - first);
  };
  for (std::size_t i = 0; i < after_one.streams.size(); ++i) compare(after_one.streams[i], after_two.streams[i]);
  for (std::size_t i = 0; i < one.exits.size(); ++i) {
    if (one.exits[i] < 0 || two.exits[i] < 0) return {};
    compare(after_one.tasks[static_cast<std::size_t>(one.exits[i])], after_two.tasks[static_cast<std::size_t>(two.exits[i])]);
  }
  return least;
}

}  // namespace

PassTime least_pass_time(const Segment& one, const Segment& two, const StepTable& table) {
  const PassEnds after_one = ends_of(one, table);
  const Picoseconds first = after_one.compute();
  if (first == long_ago) return {};  // no kernel
  const Picoseconds shift = least_shift(one, after_one, two, ends_of(two, table));
  return {.kernels = kernel_time(one, table), .first = first, .further = std::max(first, shift)};
}

}  // namespace mfusim
