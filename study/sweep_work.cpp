// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_work.hpp"

#include <algorithm>
#include <numeric>

namespace mfusim {
std::int64_t range_size(const SweepSpace& space) {
  constexpr std::int64_t most_ranges = 65536;
  std::int64_t size = 64;
  while (space.size / size > most_ranges) size *= 2;
  return size;
}

std::vector<IndexRange> pending_ranges(const SweepSpace& space, const SweepExtent& extent,
                                       const std::vector<IndexRange>& finished) {
  const std::int64_t size = range_size(space);
  const std::int64_t end = std::min(space.size, extent.limit.value_or(space.size));
  std::vector<IndexRange> pending;
  auto done = finished.begin();
  for (std::int64_t first = (extent.shard.number - 1) * size; first < end; first += extent.shard.of * size) {
    const std::int64_t last = std::min(first + size, end);
    std::int64_t at = first;
    while (done != finished.end() && done->last <= at) ++done;
    for (auto covers = done; at < last && covers != finished.end() && covers->first < last; ++covers) {
      if (covers->first > at) pending.push_back({at, covers->first});
      at = std::max(at, covers->last);
    }
    if (at < last) pending.push_back({at, last});
  }
  return pending;
}

std::vector<IndexRange> scattered(const std::vector<IndexRange>& ranges) {
  const std::size_t count = ranges.size();
  std::size_t step = count * 618 / 1000 + 1;  // by the golden ratio: each new range is far from those before
  while (std::gcd(step, count) > 1) ++step;   // every range once
  std::vector<IndexRange> order;
  order.reserve(count);
  for (std::size_t i = 0, at = 0; i < count; ++i, at = (at + step) % count) order.push_back(ranges[at]);
  return order;
}

std::vector<IndexRange> with_short_end(const std::vector<IndexRange>& ranges, int workers) {
  if (workers == 1) return ranges;
  constexpr std::size_t ranges_of_a_worker = 4;
  constexpr std::int64_t piece = 8;
  const std::size_t whole = ranges.size() - std::min(ranges.size(), ranges_of_a_worker * static_cast<std::size_t>(workers));
  std::vector<IndexRange> shorter(ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(whole));
  for (std::size_t i = whole; i < ranges.size(); ++i) {
    for (std::int64_t first = ranges[i].first; first < ranges[i].last; first += piece)
      shorter.push_back({first, std::min(first + piece, ranges[i].last)});
  }
  return shorter;
}

RangeRows evaluate_range(const IndexRange& range, ConfigurationEvaluator& evaluator, const CanMatter& can_matter) {
  RangeRows answer{range, {}};
  for (std::int64_t index = range.first; index < range.last;) {
    if (!evaluator.move_to(index)) {
      index = evaluator.next();
      continue;
    }
    answer.rows.push_back(evaluator.evaluate(can_matter));
    ++index;
  }
  return answer;
}

}  // namespace mfusim
