// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/evaluate_configuration.hpp"
#include "study/sweep_row.hpp"
#include "study/sweep_space.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mfusim {

/// Configurations `first` to `last` - 1.
struct IndexRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};

/// Part I of N of a space, for jobs that do not know of one another.
struct Shard {
  std::int64_t number = 1;  ///< From 1.
  std::int64_t of = 1;
};

/// Which configurations a sweep looks at.
struct SweepExtent {
  std::optional<std::int64_t> limit;  ///< Only so many, from the first.
  Shard shard;
};

/// Rows of a range; configurations that constraints exclude have none.
struct RangeRows {
  IndexRange range;
  std::vector<SweepRow> rows;
};

/// Configurations that are handed out together: a power of two from 64 on, so that a space is at most 65536 ranges. A shard has
/// every N-th of them.
[[nodiscard]] std::int64_t range_size(const SweepSpace& space);

/// The ranges that are still to do, in order. `finished` are disjoint and sorted.
[[nodiscard]] std::vector<IndexRange> pending_ranges(const SweepSpace& space, const SweepExtent& extent,
                                                     const std::vector<IndexRange>& finished);

/// The same ranges with neighbours far apart: the best configurations turn up early, so that later ones can be pruned.
[[nodiscard]] std::vector<IndexRange> scattered(const std::vector<IndexRange>& ranges);

/// The same with the last ranges in small pieces: workers that take them one by one end at about the same time.
[[nodiscard]] std::vector<IndexRange> with_short_end(const std::vector<IndexRange>& ranges, int workers);

/// Evaluates the configurations of a range in order.
[[nodiscard]] RangeRows evaluate_range(const IndexRange& range, ConfigurationEvaluator& evaluator, const CanMatter& can_matter);

}  // namespace mfusim
