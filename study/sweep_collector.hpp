// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/row_filter.hpp"
#include "study/sweep.hpp"

#include <chrono>
#include <optional>

namespace mfusim {

/// Where the rows of a sweep come together: counted, ranked, and written to the store. One thread at a time.
class SweepCollector {
 public:
  SweepCollector(const SweepSpace& space, const SweepOptions& options, SweepStore* store);

  /// Takes finished rows; the store commits them from time to time.
  void add(RangeRows rows);
  /// Commits what the store does not hold yet, and answers.
  [[nodiscard]] SweepAnswer finish();
  [[nodiscard]] const SweepRanking& ranking() const { return ranking_; }

 private:
  void rank(const SweepRow& row);
  void commit();

  const SweepSpace& space_;
  SweepStore* store_;
  std::optional<RowFilter> filter_;
  std::size_t top_;  ///< Rows of the answer, without twins.
  SweepRanking ranking_;
  SweepCounts counts_;
  SweepCounts matching_;   ///< Of rows that meet the filter.
  std::int64_t seen_ = 0;  ///< Configurations, excluded ones too.
  std::vector<RangeRows> uncommitted_;
  std::chrono::steady_clock::time_point last_commit_;
};

/// What a sweep still has to do, in the order in which it does it.
[[nodiscard]] std::vector<IndexRange> ranges_to_do(const SweepSpace& space, const SweepOptions& options, const SweepStore* store);

/// The collector's answer. Throws InputError where the constraints of a whole space leave no configuration.
[[nodiscard]] SweepAnswer answer_of(const SweepSpace& space, const SweepOptions& options, SweepCollector& collector);

}  // namespace mfusim
