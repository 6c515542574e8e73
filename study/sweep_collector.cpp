// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_collector.hpp"

#include "sim/version.hpp"
#include "study/sweep_constraints.hpp"
#include "study/sweep_twins.hpp"

#include <utility>

namespace mfusim {
namespace {

constexpr std::chrono::milliseconds commit_interval{500};  // what a killed process may lose

void count_invalid(SweepCounts& counts, const SweepRow& row) {
  ++counts.invalid;
  InvalidRows& same = counts.invalid_by_key[row.reason.substr(0, row.reason.find(": "))];
  if (same.count == 0 || row.index < same.first) {
    same.first = row.index;
    same.reason = row.reason;
  }
  ++same.count;
}

void count(SweepCounts& counts, const SweepRow& row) {
  switch (row.status) {
    case RowStatus::Fits:
      ++counts.fits;
      return;
    case RowStatus::TooLarge:
      ++counts.too_large;
      return;
    case RowStatus::Pruned:
      ++counts.pruned;
      return;
    case RowStatus::Invalid:
      return count_invalid(counts, row);
  }
}

}  // namespace

RankedRow ranked(const SweepSpace& space, const SweepRow& row) {
  RankedRow answer{row, {}, std::nullopt, {}};
  const std::vector<std::size_t> choices = choices_of(space, row.index);
  for (std::size_t axis = 0; axis < choices.size(); ++axis) answer.values.push_back(space.axes[axis].labels[choices[axis]]);
  if (space.prices.contains(row.gpu)) answer.cost = cost_per_million_samples(row, space.prices);
  return answer;
}

SweepCollector::SweepCollector(const SweepSpace& space, const SweepOptions& options, SweepStore* store)
    : space_(space),
      store_(store),
      top_(options.top),
      ranking_(space, rows_with_twins(space, options.top)),
      last_commit_(std::chrono::steady_clock::now()) {
  if (!options.where.empty()) filter_.emplace(space, options.where);
  if (store_ == nullptr) return;
  for (const IndexRange& range : store_->finished()) seen_ += range.last - range.first;
  store_->for_each_row([this](const SweepRow& row) { rank(row); });
}

void SweepCollector::rank(const SweepRow& row) {
  count(counts_, row);
  if (filter_ && !filter_->keeps(row)) return;
  if (filter_) count(matching_, row);
  ranking_.add(row);
}

void SweepCollector::add(RangeRows rows) {
  seen_ += rows.range.last - rows.range.first;
  for (const SweepRow& row : rows.rows) rank(row);
  if (store_ == nullptr) return;
  uncommitted_.push_back(std::move(rows));
  if (std::chrono::steady_clock::now() - last_commit_ >= commit_interval) commit();
}

void SweepCollector::commit() {
  if (store_ != nullptr && !uncommitted_.empty()) store_->add(uncommitted_);
  uncommitted_.clear();
  last_commit_ = std::chrono::steady_clock::now();
}

SweepAnswer SweepCollector::finish() {
  commit();
  SweepAnswer answer;
  answer.scenario = space_.name;
  answer.version = version();
  for (const SweepAxis& axis : space_.axes) answer.axes.push_back(axis.path);
  for (const SweepConstraint& constraint : space_.constraints) answer.constraints.push_back(constraint.text);
  answer.objective = space_.objective;
  answer.front_objectives = space_.front;
  answer.size = space_.size;
  answer.open_plan = space_.open_plan;
  answer.counts = counts_;
  answer.excluded = seen_ - counts_.all();
  if (filter_) {
    answer.where = filter_->text();
    answer.matching = matching_;
  }
  for (const SweepRow& row : ranking_.best()) answer.best.push_back(ranked(space_, row));
  answer.best = without_twins(answer.axes, std::move(answer.best), top_);
  if (!answer.best.empty() && is_tight(answer.best.front().row) && ranking_.best_with_headroom())
    answer.best_with_headroom = ranked(space_, *ranking_.best_with_headroom());
  answer.effects = ranking_.effects();
  for (const SweepRow& row : ranking_.front()) answer.front.push_back(ranked(space_, row));
  return answer;
}

std::vector<IndexRange> ranges_to_do(const SweepSpace& space, const SweepOptions& options, const SweepStore* store) {
  const std::vector<IndexRange> finished = store != nullptr ? store->finished() : std::vector<IndexRange>();
  std::vector<IndexRange> pending = pending_ranges(space, options.extent, finished);
  return options.pruning == Pruning::On && !pending.empty() ? scattered(pending) : pending;
}

SweepAnswer answer_of(const SweepSpace& space, const SweepOptions& options, SweepCollector& collector) {
  SweepAnswer answer = collector.finish();
  const bool whole = !options.extent.limit && options.extent.shard.of == 1;
  if (whole && answer.counts.all() == 0)
    throw InputError(space.constraints.front().where, "sweep.constraints", contradiction_in(space));
  return answer;
}

}  // namespace mfusim
