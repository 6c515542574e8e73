// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_ranking.hpp"

#include <algorithm>

namespace mfusim {
namespace {

std::vector<double> scores_of(const SweepSpace& space, const SweepRow& row) {
  std::vector<double> scores;
  scores.reserve(space.front.size());
  for (const Objective objective : space.front) scores.push_back(score_of(objective, row, space.prices));
  return scores;
}

/// As good everywhere, and better somewhere.
bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

}  // namespace

SweepRanking::SweepRanking(const SweepSpace& space, std::size_t top) : space_(space), top_(top) {
  for (const SweepAxis& axis : space.axes) {
    first_effect_.push_back(effects_.size());
    for (const std::string& label : axis.labels) effects_.push_back({axis.path, label, 0, std::nullopt, std::nullopt});
  }
}

bool SweepRanking::before(const SweepRow& a, const SweepRow& b) const {
  const double score_a = score_of(space_.objective, a, space_.prices);
  const double score_b = score_of(space_.objective, b, space_.prices);
  return score_a != score_b ? score_a < score_b : a.index < b.index;
}

void SweepRanking::add(const SweepRow& row) {
  if (row.status != RowStatus::Fits && row.status != RowStatus::Pruned) return;
  count_values(row);
  if (row.status == RowStatus::Pruned) return;
  const auto place =
      std::upper_bound(best_.begin(), best_.end(), row, [&](const auto& a, const auto& b) { return before(a, b); });
  if (place != best_.end() || best_.size() < top_) best_.insert(place, row);
  if (best_.size() > top_) best_.pop_back();
  if (beats_headroom(row)) best_with_headroom_ = row;
  add_effects(row);
  if (!space_.front.empty()) add_to_front(row);
}

bool SweepRanking::beats_headroom(const SweepRow& row) const {
  return !is_tight(row.peak, row.capacity) && (!best_with_headroom_ || before(row, *best_with_headroom_));
}

std::vector<AxisEffect> SweepRanking::effects() const {
  std::vector<AxisEffect> effects = effects_;
  if (best_.empty()) return effects;
  const double best = score_of(space_.objective, best_.front(), space_.prices);
  for (AxisEffect& effect : effects) {
    if (!effect.best) continue;
    const double score = score_of(space_.objective, *effect.best, space_.prices);
    effect.behind = best > 0 ? score / best - 1 : best / score - 1;
  }
  return effects;
}

void SweepRanking::count_values(const SweepRow& row) {
  const std::vector<std::size_t> choices = choices_of(space_, row.index);
  for (std::size_t axis = 0; axis < choices.size(); ++axis) ++effects_[first_effect_[axis] + choices[axis]].fits;
}

void SweepRanking::add_effects(const SweepRow& row) {
  const std::vector<std::size_t> choices = choices_of(space_, row.index);
  for (std::size_t axis = 0; axis < choices.size(); ++axis) {
    AxisEffect& effect = effects_[first_effect_[axis] + choices[axis]];
    if (!effect.best || before(row, *effect.best)) effect.best = row;
  }
}

void SweepRanking::add_to_front(const SweepRow& row) {
  const std::vector<double> mine = scores_of(space_, row);
  const auto beaten_by = [&](const SweepRow& other) {
    const std::vector<double> theirs = scores_of(space_, other);
    return dominates(theirs, mine) || (theirs == mine && other.index < row.index);
  };
  if (std::any_of(front_.begin(), front_.end(), beaten_by)) return;
  std::erase_if(front_, [&](const SweepRow& other) {
    const std::vector<double> theirs = scores_of(space_, other);
    return dominates(mine, theirs) || theirs == mine;
  });
  front_.push_back(row);
}

std::vector<SweepRow> SweepRanking::front() const {
  std::vector<SweepRow> sorted = front_;
  std::sort(sorted.begin(), sorted.end(), [&](const SweepRow& a, const SweepRow& b) {
    const std::vector<double> of_a = scores_of(space_, a);
    const std::vector<double> of_b = scores_of(space_, b);
    return of_a != of_b ? of_a < of_b : a.index < b.index;
  });
  return sorted;
}

bool SweepRanking::behind_all_its_values(const SweepRow& row) const {
  const std::vector<std::size_t> choices = choices_of(space_, row.index);
  for (std::size_t axis = 0; axis < choices.size(); ++axis) {
    const std::optional<SweepRow>& best = effects_[first_effect_[axis] + choices[axis]].best;
    if (!best || before(row, *best)) return false;
  }
  return true;
}

bool SweepRanking::behind_the_front(const SweepRow& row) const {
  const std::vector<double> mine = scores_of(space_, row);
  const auto beats_it = [&](const SweepRow& other) { return dominates(scores_of(space_, other), mine); };
  return std::any_of(front_.begin(), front_.end(), beats_it);
}

bool SweepRanking::can_change(const SweepRow& optimistic) const {
  if (best_.size() < top_ || best_.empty() || before(optimistic, best_.back())) return true;
  if (beats_headroom(optimistic)) return true;
  if (!behind_all_its_values(optimistic)) return true;
  return !space_.front.empty() && !behind_the_front(optimistic);
}

}  // namespace mfusim
