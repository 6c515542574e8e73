// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/sweep_row.hpp"
#include "study/sweep_space.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// One value of one axis: how good a configuration can be that has it.
struct AxisEffect {
  std::string path;
  std::string value;
  std::int64_t fits = 0;         ///< Configurations with this value that fit into memory, simulated or pruned.
  std::optional<SweepRow> best;  ///< Among them.
  std::optional<double> behind;  ///< Its score over the best score of all, minus 1 (where more is better: the inverse).
};

/// The best rows of a sweep as they come, in any order; memory does not grow with the number of rows (but with the front).
class SweepRanking {
 public:
  /// `top`: how many of the best are kept.
  SweepRanking(const SweepSpace& space, std::size_t top);

  void add(const SweepRow& row);

  /// By score, then by number.
  [[nodiscard]] const std::vector<SweepRow>& best() const { return best_; }
  /// The best of the rows whose memory is not tight; where best() begins with one, that.
  [[nodiscard]] const std::optional<SweepRow>& best_with_headroom() const { return best_with_headroom_; }
  [[nodiscard]] std::vector<AxisEffect> effects() const;
  /// Rows that no other row beats in one objective of the front without losing in another; by the first objective.
  [[nodiscard]] std::vector<SweepRow> front() const;
  /// Could a configuration that is at best like this row change best(), best_with_headroom(), the best of effects(), or front()?
  [[nodiscard]] bool can_change(const SweepRow& optimistic) const;

 private:
  [[nodiscard]] bool before(const SweepRow& a, const SweepRow& b) const;
  [[nodiscard]] bool beats_headroom(const SweepRow& row) const;
  [[nodiscard]] bool behind_all_its_values(const SweepRow& row) const;
  [[nodiscard]] bool behind_the_front(const SweepRow& row) const;
  void count_values(const SweepRow& row);
  void add_effects(const SweepRow& row);
  void add_to_front(const SweepRow& row);

  const SweepSpace& space_;
  std::size_t top_;
  std::vector<SweepRow> best_;
  std::optional<SweepRow> best_with_headroom_;
  std::vector<AxisEffect> effects_;
  std::vector<std::size_t> first_effect_;  ///< Of each axis.
  std::vector<SweepRow> front_;
};

}  // namespace mfusim
