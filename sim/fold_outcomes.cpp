// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_outcomes.hpp"

#include <algorithm>

namespace mfusim {

OutcomeNode& Outcomes::find(const KnownOutcomes::Key& key) {
  OfKind& of_kind = of_kind_[key.kind];
  const auto at = known_->by_key.find(key);
  if (at != known_->by_key.end()) return *(of_kind.last_asked = at->second);
  const FoldKind& kind = kinds_[key.kind];
  models_ = of_kind.models;
  for (const Outcome* other : models_of_pattern_[kind.pattern]) {
    if (other->kind != &kind) models_.push_back(other);
  }
  const Situation& situation = known_->situations[key.situation];
  OutcomeNode& made = *known_->allocator.new_object<OutcomeNode>(
      OutcomeNode{.situation = key.situation,
                  .first_step = static_cast<std::uint32_t>(situation.tasks.size() + kind.first_step()),
                  .host_lag = key.host_lag,
                  .outcome = engine_.run(kind, situation, key.host_lag, models_),
                  .cuts = decltype(OutcomeNode::cuts)(&known_->memory)});
  known_->by_key.emplace(key, &made);
  of_kind.last_asked = &made;
  simulated_tasks_ += engine_.simulated_tasks();
  kept_tasks_ += made.outcome.ends.size();
  if (!engine_.pauses().empty()) keep_as_model(made.outcome, of_kind);
  return made;
}

void Outcomes::forget() {
  known_.emplace();
  of_kind_.clear();
  models_of_pattern_.clear();
  kept_tasks_ = 0;
}

/// What was simulated for the most part tells others most; the first outcome of a kind, how its steps go.
void Outcomes::keep_as_model(Outcome& outcome, OfKind& of_kind) {
  const bool is_new = engine_.simulated_tasks() >= outcome.ends.size() / 2;
  std::vector<const Outcome*>& of_pattern = models_of_pattern_[outcome.kind->pattern];
  const bool tells_kind = of_kind.models.empty() || (is_new && of_kind.models.size() < most_models);
  const bool tells_pattern = is_new && of_pattern.size() < most_models;
  if (!tells_kind && !tells_pattern) return;
  outcome.keep(engine_.pauses());
  if (tells_kind) of_kind.models.push_back(&outcome);
  if (tells_pattern) of_pattern.push_back(&outcome);
}

const CutNode& Outcomes::find_cut(OutcomeNode& node, std::int64_t offset, std::uint32_t streams) {
  const auto at = std::find_if(node.cuts.begin(), node.cuts.end(),
                               [&](const CutNode& one) { return one.offset == offset && one.streams == streams; });
  if (at != node.cuts.end()) return *(node.last_cut = &*at);
  cut(node.outcome, offset, streams, cut_);
  node.cuts.push_front({offset,
                        streams,
                        known_->situations.number_of(cut_.situation),
                        {cut_.tasks.begin(), cut_.tasks.end(), &known_->memory},
                        {cut_.left_out.begin(), cut_.left_out.end(), &known_->memory}});
  return *(node.last_cut = &node.cuts.front());
}

}  // namespace mfusim
