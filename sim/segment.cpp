// SPDX-License-Identifier: Apache-2.0
#include "sim/segment.hpp"

#include <algorithm>
#include <stdexcept>

namespace mfusim {

Picoseconds time_alone(const Segment& segment, const StepTable& table) {
  std::array<Picoseconds, streams_per_rank> streams{};
  std::vector<Picoseconds> ends;
  ends.reserve(segment.tasks.size());
  Picoseconds last{};
  for (const SegmentTask& task : segment.tasks) {
    const Step& step = table[task.step];
    Picoseconds& stream = streams[static_cast<std::size_t>(step.stream)];
    for (const SegmentIndex before : task.after) {
      if (before >= 0) stream = std::max(stream, ends[static_cast<std::size_t>(before)]);
    }
    stream += step.duration;
    ends.push_back(stream);
    last = std::max(last, stream);
  }
  return last;
}

bool SegmentBuilder::note_wait(StreamKind stream, SegmentIndex before) {
  static_assert(streams_per_rank <= 16);
  std::uint16_t& waited = waited_[before == segment_entry ? 0 : static_cast<std::size_t>(before) + 1];
  const auto bit = static_cast<std::uint16_t>(1U << static_cast<unsigned>(stream));
  const bool first = (waited & bit) == 0;
  waited = static_cast<std::uint16_t>(waited | bit);
  return first;
}

SegmentIndex SegmentBuilder::place(std::uint32_t step, const std::vector<SegmentIndex>& after) {
  const StreamKind stream = table_[step].stream;
  SegmentTask task{.step = step};
  std::size_t used = 0;
  for (const SegmentIndex before : after) {
    const bool implied =
        before == no_task || (before >= 0 && table_[segment_.tasks[static_cast<std::size_t>(before)].step].stream == stream);
    if (implied || !note_wait(stream, before)) continue;
    if (used == task.after.size()) throw std::logic_error("a segment task waits for more than three others");
    task.after[used++] = before;
  }
  segment_.tasks.push_back(task);
  waited_.push_back(0);
  const auto index = static_cast<SegmentIndex>(segment_.tasks.size() - 1);
  if (stream == StreamKind::Compute) last_compute_ = index;
  return index;
}

SegmentIndex SegmentBuilder::add(Step step, const std::vector<SegmentIndex>& after) {
  table_.push_back(std::move(step));
  return place(static_cast<std::uint32_t>(table_.size() - 1), after);
}

std::vector<SegmentIndex> SegmentBuilder::append(const Segment& other, const std::vector<SegmentIndex>& input) {
  const auto offset = static_cast<SegmentIndex>(segment_.tasks.size());
  const auto moved = [&](SegmentIndex index) { return index >= 0 ? index + offset : index; };
  std::vector<SegmentIndex> after;
  for (const SegmentTask& task : other.tasks) {
    after.clear();
    for (const SegmentIndex before : task.after) {
      if (before == segment_entry) {
        after.insert(after.end(), input.begin(), input.end());
      } else if (before != no_task) {
        after.push_back(moved(before));
      }
    }
    place(task.step, after);
  }
  for (const SegmentIndex end : other.layer_ends) segment_.layer_ends.push_back(moved(end));
  std::vector<SegmentIndex> exits;
  for (const SegmentIndex exit : other.exits) {
    if (exit == segment_entry) {
      exits.insert(exits.end(), input.begin(), input.end());
    } else {
      exits.push_back(moved(exit));
    }
  }
  return exits;
}

Segment SegmentBuilder::finish(std::vector<SegmentIndex> exits) {
  segment_.exits = std::move(exits);
  return std::move(segment_);
}

}  // namespace mfusim
